using System.Collections.Immutable;
using Amalgam.Core.Allocation.Placement;
using Amalgam.Simulation.Traces;

namespace Amalgam.Simulation.Packing;

/// <summary>One seed of the packing experiment.</summary>
/// <param name="AllocatedPercent">Of GPU capacity, per whole percent of capacity that has arrived (0 to 130).</param>
/// <param name="CoresOfCpuOnly">Cores of tasks without a GPU that were placed, at the end.</param>
public sealed record PackingRun(long Seed, ImmutableArray<double> AllocatedPercent, long Arrived, long Refused, double CoresOfCpuOnly, long Moves, double Seconds);

/// <summary>
/// The experiment of FGD (Q. Weng et al., "Beware of Fragmentation", USENIX ATC 2023): tasks sorted by name, shuffled, then drawn with replacement
/// until 1.3 x the GPU capacity has arrived; none is moved once placed, one that does not fit is refused for good. Machines stand in a random order.
/// </summary>
public static class PackingExperiment
{
    public const int LastPercent = 130;

    /// <param name="policy">Makes the policy for this order of machines and the mix of the original task list.</param>
    /// <param name="elapsed">Seconds of processor time since some instant, for the time a run takes.</param>
    public static PackingRun Run(
        OpenbNodes cluster, ImmutableArray<OpenbTask> tasks, long seed, Func<PackingCluster, RequestMix, SeededSequence, IPackingPolicy> policy, Func<double> elapsed)
    {
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(elapsed);
        var random = new SeededSequence(seed);
        var arrivals = Arrivals(tasks, cluster.CapacityMilli, random);
        var nodes = cluster.Nodes.ToArray();
        random.Shuffle(nodes);
        var start = elapsed();
        var mix = new RequestMix();
        foreach (var task in tasks)
        {
            mix.Ask(task.Request);
        }
        var state = new PackingCluster(nodes);
        var run = Place(arrivals, state, policy(state, mix, random), cluster.CapacityMilli);
        return run with { Seed = seed, Seconds = elapsed() - start };
    }

    private static List<PlacementRequest> Arrivals(ImmutableArray<OpenbTask> tasks, long capacityMilli, SeededSequence random)
    {
        var first = tasks.ToArray();
        random.Shuffle(first);
        var arrivals = first.Select(t => t.Request).ToList();
        var total = arrivals.Sum(r => (long)r.DeviceMilli);
        while (true)
        {
            var next = tasks[random.Next(tasks.Length)].Request;
            // The published generator counts one GPU of a task only in this check.
            if (total + Math.Min(1000, next.DeviceMilli) > capacityMilli * LastPercent / 100)
            {
                return arrivals;
            }
            arrivals.Add(next);
            total += next.DeviceMilli;
        }
    }

    private static PackingRun Place(List<PlacementRequest> arrivals, PackingCluster cluster, IPackingPolicy policy, long capacityMilli)
    {
        var (sums, counts) = (new double[LastPercent + 1], new int[LastPercent + 1]);
        long arrived = 0, allocated = 0, refused = 0, cores = 0;
        foreach (var request in arrivals)
        {
            arrived += request.DeviceMilli;
            if (policy.Place(request) is { } place)
            {
                cluster.Take(place, request);
                allocated += request.DeviceMilli;
                cores += request.DeviceMilli == 0 ? request.CpuMilli : 0;
            }
            else
            {
                refused++;
            }
            var percent = (int)Math.Round(100.0 * arrived / capacityMilli);
            if (percent <= LastPercent)
            {
                sums[percent] += 100.0 * allocated / capacityMilli;
                counts[percent]++;
            }
        }
        return new PackingRun(0, Means(sums, counts), arrivals.Count, refused, cores / 1000.0, cluster.Moves, 0);
    }

    // A percent on which no arrival fell, as on small clusters, shows what stood before it.
    private static ImmutableArray<double> Means(double[] sums, int[] counts)
    {
        var means = ImmutableArray.CreateBuilder<double>(sums.Length);
        for (var i = 0; i < sums.Length; i++)
        {
            means.Add(counts[i] > 0 ? sums[i] / counts[i] : i > 0 ? means[i - 1] : 0);
        }
        return means.MoveToImmutable();
    }
}
