using Amalgam.Benchmarks.Gateway;
using Amalgam.Benchmarks.Runtime;
using Amalgam.Simulation.Commands;

return args.FirstOrDefault() switch
{
    "runtime" => RuntimeBenchmark.Run(args[1..]),
    "runtime-logits" when args is [_, "--record", var file] => LogitComparison.Record(file),
    "runtime-logits" => LogitComparison.Run(),
    "gateway" => await GatewayBenchmark.RunAsync(args[1..]),
    "gateway-peer" => await GatewayPeer.RunAsync(args[1..]),
    "simulate" => SimulateCommand.Run(args[1..], Console.Out, Console.Error),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("usage: benchmarks VERB [options]; each verb's folder says what it measures and against what");
    return 2;
}
