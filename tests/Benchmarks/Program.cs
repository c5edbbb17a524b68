using Amalgam.Benchmarks.Gateway;
using Amalgam.Benchmarks.Runtime;

return args.FirstOrDefault() switch
{
    "runtime" => RuntimeBenchmark.Run(args[1..]),
    "runtime-logits" => LogitComparison.Run(),
    "gateway" => await GatewayBenchmark.RunAsync(args[1..]),
    "gateway-peer" => await GatewayPeer.RunAsync(args[1..]),
    _ => Usage(),
};

static int Usage()
{
<<<<<<< HEAD
    Console.Error.WriteLine("usage: benchmarks runtime [--model FILE] [--types q8_0,q4_0,f16] [--threads N] [--rounds N] [--vocabulary N] [--cpu-time] | runtime-logits");
=======
    Console.Error.WriteLine("usage: benchmarks runtime [--model FILE] [--types q8_0,q4_0,f16] [--threads N] [--rounds N] | runtime-logits | gateway [--rounds N]");
>>>>>>> gateway
    return 2;
}
