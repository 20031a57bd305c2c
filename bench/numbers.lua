-- What wrk measured, in one line: requests answered, those of them not answered with 2xx or 3xx,
-- connections or answers that failed, bytes, microseconds, and the median and the 99th percentile
-- of the latency in microseconds.
done = function(summary, latency, requests)
	local errors = summary.errors
	io.write(string.format("numbers %d %d %d %d %d %d %d\n", summary.requests, errors.status,
		errors.connect + errors.read + errors.write + errors.timeout, summary.bytes,
		summary.duration, latency:percentile(50), latency:percentile(99)))
end
