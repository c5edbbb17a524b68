namespace Amalgam.Benchmarks.Runtime;

internal static class RuntimeBenchmark
{
    public static int Run(string[] args) => args.Length;
}
