using Amalgam.Benchmarks.Runtime;

return args.FirstOrDefault() switch
{
    "runtime" => RuntimeBenchmark.Run(args[1..]),
    "runtime-logits" => LogitComparison.Run(),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("usage: benchmarks runtime [--model FILE] [--types q8_0,q4_0,f16] [--threads N] [--rounds N] [--vocabulary N] [--cpu-time] | runtime-logits");
    return 2;
}
