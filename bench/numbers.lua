-- Prints the results of wrk on one line: answered requests, answers other than 2xx and 3xx, failed
-- connections and answers, bytes, microseconds, and the median and the 99th percentile of the latency in
-- microseconds.
done = function(summary, latency, requests)
	local errors = summary.errors
	io.write(string.format("numbers %d %d %d %d %d %d %d\n", summary.requests, errors.status,
		errors.connect + errors.read + errors.write + errors.timeout, summary.bytes,
		summary.duration, latency:percentile(50), latency:percentile(99)))
end
