-- Gives each thread of wrk a port of its own (the environment variable PORTS), and prints what was seen as JSON.
local ports = {}
for port in os.getenv("PORTS"):gmatch("%d+") do table.insert(ports, port) end
local threads = 0

function setup(thread)
  threads = threads + 1
  thread.addr = wrk.lookup("127.0.0.1", ports[threads])[1]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"micros":%d,"p99Micros":%d,"broken":%d,"timedOut":%d,"badStatus":%d}\n',
    summary.requests, summary.duration, latency:percentile(99),
    errors.connect + errors.read + errors.write, errors.timeout, errors.status
  ))
end
