-- With the arguments PREFIX SUFFIX USED STRIDE, each request is for a path PREFIX customer-NNNNNN SUFFIX. NNNNNN is
-- STRIDE times a random number below USED. The requests are made before the load, so that wrk only picks one.
-- With a fifth argument FROM, each of two threads takes the paths in turn, from FROM on or from half the circle later.
local threads = 0
setup = function(thread)
	thread:set("number", threads)
	threads = threads + 1
end

init = function(args)
	local prefix, suffix, used, stride = args[1], args[2], tonumber(args[3]), tonumber(args[4])
	if not prefix then
		return
	end
	local requests, random = {}, math.random
	local at = number * math.floor(used / 2) + (args[5] or 0)
	for i = 0, used - 1 do
		requests[i] = wrk.format("GET", string.format("%scustomer-%06d%s", prefix, i * stride, suffix))
	end
	math.randomseed(number + 1)
	request = args[5] and function()
		at = at + 1
		return requests[(at - 1) % used]
	end or function()
		return requests[random(0, used - 1)]
	end
end

-- Prints the results of wrk on one line: answered requests, answers other than 2xx and 3xx, failed
-- connections and answers, bytes, microseconds, and the median and the 99th percentile of the latency in
-- microseconds.
done = function(summary, latency, requests)
	local errors = summary.errors
	io.write(string.format("numbers %d %d %d %d %d %d %d\n", summary.requests, errors.status,
		errors.connect + errors.read + errors.write + errors.timeout, summary.bytes,
		summary.duration, latency:percentile(50), latency:percentile(99)))
end
