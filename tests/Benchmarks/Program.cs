using Amalgam.Benchmarks.Runtime;

return args.FirstOrDefault() switch
{
    "runtime" => RuntimeBenchmark.Run(args[1..]),
    "runtime-logits" when args is [_, "--record", var file] => LogitComparison.Record(file),
    "runtime-logits" => LogitComparison.Run(),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("usage: benchmarks runtime [--model FILE] [--types q8_0,q4_0,f16] [--threads N] [--rounds N] [--vocabulary N] [--cpu-time] | runtime-logits [--record FILE]");
    return 2;
}
