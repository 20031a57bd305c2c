/* The expected signatures are those that AWS publishes with its documentation and its test suite. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/attributes.h"
#include "events/sigv4.h"

#define EMPTY_HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

/* Those of "Authenticating Requests: Using the Authorization Header", Amazon S3. */
static const struct sigv4_credentials s3 = {
	"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1", "s3"};
/* Those of the test suite of Signature Version 4. */
static const struct sigv4_credentials suite = {
	"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "us-east-1", "service"};

static const struct {
	const char *name;
	const struct sigv4_credentials *credentials;
	struct sigv4_request request;
	struct sigv4_pair headers[6];
	const char *signature;
} vectors[] = {
	{"GET object",
	 &s3,
	 {"GET", "/test.txt", "", NULL, 4, EMPTY_HASH, "20130524T000000Z"},
	 {{"host", "examplebucket.s3.amazonaws.com"},
	  {"range", "bytes=0-9"},
	  {"x-amz-content-sha256", EMPTY_HASH},
	  {"x-amz-date", "20130524T000000Z"}},
	 "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
	{"PUT object",
	 &s3,
	 {"PUT", "/test%24file.text", "", NULL, 5,
	  "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072", "20130524T000000Z"},
	 {{"date", "Fri, 24 May 2013 00:00:00 GMT"},
	  {"host", "examplebucket.s3.amazonaws.com"},
	  {"x-amz-content-sha256",
	   "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"},
	  {"x-amz-date", "20130524T000000Z"},
	  {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
	 "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
	{"GET bucket lifecycle",
	 &s3,
	 {"GET", "/", "lifecycle=", NULL, 3, EMPTY_HASH, "20130524T000000Z"},
	 {{"host", "examplebucket.s3.amazonaws.com"},
	  {"x-amz-content-sha256", EMPTY_HASH},
	  {"x-amz-date", "20130524T000000Z"}},
	 "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
	{"GET bucket, a list of objects",
	 &s3,
	 {"GET", "/", "max-keys=2&prefix=J", NULL, 3, EMPTY_HASH, "20130524T000000Z"},
	 {{"host", "examplebucket.s3.amazonaws.com"},
	  {"x-amz-content-sha256", EMPTY_HASH},
	  {"x-amz-date", "20130524T000000Z"}},
	 "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
	{"get-vanilla",
	 &suite,
	 {"GET", "/", "", NULL, 2, EMPTY_HASH, "20150830T123600Z"},
	 {{"host", "example.amazonaws.com"}, {"x-amz-date", "20150830T123600Z"}},
	 "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
	{"get-vanilla-query-order-key-case",
	 &suite,
	 {"GET", "/", "Param1=value1&Param2=value2", NULL, 2, EMPTY_HASH, "20150830T123600Z"},
	 {{"host", "example.amazonaws.com"}, {"x-amz-date", "20150830T123600Z"}},
	 "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
	{"post-vanilla",
	 &suite,
	 {"POST", "/", "", NULL, 2, EMPTY_HASH, "20150830T123600Z"},
	 {{"host", "example.amazonaws.com"}, {"x-amz-date", "20150830T123600Z"}},
	 "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
};

Test(sigv4, published_requests_have_the_published_signatures)
{
	for (size_t i = 0; i < ARRAY_LENGTH(vectors); i++) {
		struct sigv4_request request = vectors[i].request;
		char memory[1024];
		struct text header = TEXT_OVER(memory);
		const char *signature;

		request.headers = vectors[i].headers;
		sigv4_authorize(&header, vectors[i].credentials, &request);
		signature = strstr(memory, "Signature=");
		cr_assert_not_null(signature);
		cr_expect_str_eq(signature + strlen("Signature="), vectors[i].signature, "%s",
				 vectors[i].name);
	}
}

Test(sigv4, the_header_names_credential_scope_and_headers)
{
	struct sigv4_request request = vectors[0].request;
	char memory[1024];
	struct text header = TEXT_OVER(memory);

	request.headers = vectors[0].headers;
	sigv4_authorize(&header, &s3, &request);
	cr_assert_str_eq(memory,
			 "AWS4-HMAC-SHA256 "
			 "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
			 "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
			 "Signature="
			 "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

Test(sigv4, a_path_keeps_slashes_and_encodes_equals_signs)
{
	char memory[128];
	struct text path = TEXT_OVER(memory);

	sigv4_add_path(&path, "/b/year=2024/a b~\xc3\xa4$.gz");
	cr_assert_str_eq(memory, "/b/year%3D2024/a%20b~%C3%A4%24.gz");
}

Test(sigv4, a_query_is_sorted_and_encodes_slashes)
{
	struct sigv4_pair pairs[] = {
		{"prefix", "year=2024/"}, {"list-type", "2"}, {"continuation-token", "a+b/="}};
	char memory[128];
	struct text query = TEXT_OVER(memory);

	sigv4_add_query(&query, pairs, ARRAY_LENGTH(pairs));
	cr_assert_str_eq(memory,
			 "continuation-token=a%2Bb%2F%3D&list-type=2&prefix=year%3D2024%2F");
}

Test(sigv4, a_time_is_in_utc)
{
	char time[SIGV4_TIME_SIZE];

	sigv4_time(time, 1369353600);
	cr_assert_str_eq(time, "20130524T000000Z");
}

Test(sigv4, the_hash_of_a_published_body_is_the_published_one)
{
	static const char body[] = "Welcome to Amazon S3.";
	char hash[SIGV4_HASH_SIZE];

	sigv4_hash(body, strlen(body), hash);
	cr_assert_str_eq(hash, "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072");
}
