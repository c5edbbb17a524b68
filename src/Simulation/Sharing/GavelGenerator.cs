using System.Collections.Immutable;
using Amalgam.Simulation.Traces;

namespace Amalgam.Simulation.Sharing;

/// <summary>
/// The job generator of Gavel (D. Narayanan et al., OSDI 2020): Poisson arrivals; run time on the reference class in minutes 10^U(1.5, 3) with
/// probability 0.8, else 10^U(3, 4); with several GPUs 1 / 2 / 4 / 8 of them with 0.70 / 0.10 / 0.15 / 0.05; the type uniform among those that were measured so.
/// </summary>
public static class GavelGenerator
{
    /// <summary>An endless stream of jobs of one unit.</summary>
    /// <param name="jobsPerHour">Arrival rate.</param>
    public static IEnumerable<SharedJob> Jobs(GavelThroughputs table, double jobsPerHour, bool multi, long seed)
    {
        ArgumentNullException.ThrowIfNull(table);
        var random = new SeededSequence(seed);
        var byGang = Enumerable.Range(0, 4).ToDictionary(k => 1 << k, k => table.OfGang(1 << k).ToArray());
        double now = 0;
        for (var id = 0; ; id++)
        {
            var gang = multi ? Gang(random.NextDouble()) : 1;
            var types = byGang[gang];
            var type = types[random.Next(types.Length)];
            var minutes = random.NextDouble() < 0.8 ? Math.Pow(10, 1.5 + 1.5 * random.NextDouble()) : Math.Pow(10, 3 + random.NextDouble());
            var best = type.StepsPerSecond.Max();
            var work = minutes * 60 * type.StepsPerSecond[0] / best;
            yield return new SharedJob(id, 0, gang, [.. type.StepsPerSecond.Select(s => s / best)], now, work);
            now -= Math.Log(1 - random.NextDouble()) * 3600 / jobsPerHour;
        }
    }

    private static int Gang(double draw) => draw < 0.70 ? 1 : draw < 0.80 ? 2 : draw < 0.95 ? 4 : 8;
}
