using System.Diagnostics;
using Amalgam.Core.Allocation.Targets;
using Amalgam.Simulation;

namespace Amalgam.Benchmarks.Simulation;

/// <summary>Time and bytes of a whole target solution (guarantees, programme, prices inside every unit) by rows and classes.</summary>
internal static class TargetSolverBenchmark
{
    private static readonly (int Units, int RowsPerUnit)[] Sizes = [(1, 26), (15, 10), (50, 13), (100, 26), (1000, 25)];

    public static int Run(TextWriter output)
    {
        output.WriteLine($"{"rows",6} {"units",6} {"classes",8} {"ms (cpu)",9} {"MiB",7} {"steps",6} {"gap",9}");
        foreach (var (units, rowsPerUnit) in Sizes)
        {
            foreach (var classes in new[] { 1, 3, 6, 12 })
            {
                Measure(output, units, rowsPerUnit, classes);
            }
        }
        return 0;
    }

    private static void Measure(TextWriter output, int units, int rowsPerUnit, int classes)
    {
        var problem = Problem(units, rowsPerUnit, classes);
        var solution = TargetSolver.Solve(problem);
        var rounds = units * rowsPerUnit > 5000 ? 1 : 5;
        var (cpu, bytes) = (Process.GetCurrentProcess().TotalProcessorTime, GC.GetAllocatedBytesForCurrentThread());
        for (var k = 0; k < rounds; k++)
        {
            solution = TargetSolver.Solve(problem);
        }
        var ms = (Process.GetCurrentProcess().TotalProcessorTime - cpu).TotalMilliseconds / rounds;
        var mib = (GC.GetAllocatedBytesForCurrentThread() - bytes) / rounds / 1048576.0;
        output.WriteLine($"{units * rowsPerUnit,6} {units,6} {classes,8} {ms,9:F1} {mib,7:F1} {solution.Certificate.Steps,6} {solution.Certificate.Gap,9:E1}");
    }

    private static TargetProblem Problem(int units, int rowsPerUnit, int classes)
    {
        var random = new SeededSequence(units * 1000 + classes);
        var kinds = Enumerable.Range(0, 26).Select(_ => Enumerable.Range(0, classes).Select(c => c == 0 ? 1.0 : Math.Round(0.1 + 0.9 * random.NextDouble(), 2)).ToArray()).ToArray();
        var rows = new List<TargetRow>();
        var tree = new List<TargetUnit> { new(-1, 1) };
        for (var u = 1; u <= units; u++)
        {
            tree.Add(new TargetUnit(0, 1 + random.Next(4), [.. Enumerable.Range(0, classes).Select(_ => 1000L * random.Next(3))]));
            for (var r = 0; r < rowsPerUnit; r++)
            {
                var workloads = 1 + random.Next(9);
                rows.Add(new TargetRow(u, [.. kinds[random.Next(kinds.Length)]], workloads * 1000L * (1 << random.Next(3)), workloads));
            }
        }
        var demand = rows.Sum(r => r.DemandMilli);
        return new TargetProblem([.. Enumerable.Repeat(Math.Max(1000, demand / 2 / classes), classes)], [.. tree], [.. rows]);
    }
}
