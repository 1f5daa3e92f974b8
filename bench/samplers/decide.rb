# decide.rb - the probabilistic sampler of Jaeger's Ruby client, as it is: RATE < ids, 1 or 0 for each.
require 'jaeger/client'
sampler = Jaeger::Samplers::Probabilistic.new(rate: ARGV[0].to_f)
$stdin.each_line { |id| puts sampler.sample(trace_id: id[16, 16].to_i(16))[0] ? 1 : 0 }
