using Amalgam.Benchmarks.Allocation;
using Amalgam.Benchmarks.Cloud;
using Amalgam.Benchmarks.Gateway;
using Amalgam.Benchmarks.Ledger;
using Amalgam.Benchmarks.Rating;
using Amalgam.Benchmarks.Runtime;
using Amalgam.Benchmarks.Simulation;

return args.FirstOrDefault() switch
{
    "runtime" => RuntimeBenchmark.Run(args[1..]),
    "runtime-logits" when args is [_, "--record", var file] => LogitComparison.Record(file),
    "runtime-logits" => LogitComparison.Run(),
    "cloud" => await CloudBenchmark.RunAsync(args[1..]),
    "fleet" => await FleetBenchmark.RunAsync(args[1..]),
    "gateway" => await GatewayBenchmark.RunAsync(args[1..]),
    "gateway-peer" => await GatewayPeer.RunAsync(args[1..]),
    "allocation" => AllocationBenchmark.Run(args[1..]),
    "ledger" => await LedgerBenchmark.RunAsync(args[1..]),
    "rating" => RatingBenchmark.Run(args[1..]),
    "targets" => TargetSolverBenchmark.Run(Console.Out),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("usage: benchmarks VERB [options]; each verb's folder says what it measures and against what");
    return 2;
}
