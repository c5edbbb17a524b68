using System.Collections.Immutable;
using Amalgam.Core.Allocation.Placement;
using Amalgam.Simulation.Traces;

namespace Amalgam.Simulation.Packing;

/// <param name="RefusedGpuTimePercent">GPU time of tasks that found no place, of all GPU time asked for.</param>
/// <param name="RefusedGpuTasksPercent">The same in tasks with a GPU.</param>
/// <param name="PeakDemandPercent">The most that all asked for at one time, of GPU capacity.</param>
public sealed record TimedRun(double RefusedGpuTimePercent, double RefusedGpuTasksPercent, double PeakDemandPercent, long Moves);

/// <summary>
/// The same placement with departures, bursts and a mix that drifts: tasks come and go at their recorded times, and one that finds no place
/// when it comes is refused. Tasks without times are left out.
/// </summary>
public static class TimedPacking
{
    /// <param name="machines">Share of the machines that are there, drawn by seed; fewer make it hard.</param>
    public static TimedRun Run(
        OpenbNodes cluster, ImmutableArray<OpenbTask> tasks, long seed, double machines, Func<PackingCluster, RequestMix, SeededSequence, IPackingPolicy> policy)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        ArgumentNullException.ThrowIfNull(policy);
        var random = new SeededSequence(seed);
        var nodes = cluster.Nodes.ToArray();
        random.Shuffle(nodes);
        var state = new PackingCluster(nodes[..Math.Max(1, (int)(nodes.Length * machines))]);
        var mix = new RequestMix();
        foreach (var task in tasks)
        {
            mix.Ask(task.Request);
        }
        var timed = tasks.Where(t => t.Created >= 0 && t.Deleted > t.Created).OrderBy(t => t.Created).ThenBy(t => t.Name, StringComparer.Ordinal).ToList();
        return Place(timed, state, policy(state, mix, random));
    }

    private static TimedRun Place(List<OpenbTask> tasks, PackingCluster cluster, IPackingPolicy policy)
    {
        var capacity = cluster.Nodes.Sum(n => n.Devices * 1000L);
        var leaving = new PriorityQueue<(OpenbTask Task, PackingPlace? Place), (long, int)>();
        double asked = 0, refused = 0;
        long demand = 0, peak = 0, count = 0, refusedCount = 0;
        for (var i = 0; i < tasks.Count; i++)
        {
            var task = tasks[i];
            while (leaving.TryPeek(out var gone, out var at) && at.Item1 <= task.Created)
            {
                leaving.Dequeue();
                demand -= gone.Task.Request.DeviceMilli;
                GiveBack(gone, cluster, policy);
            }
            var time = (double)task.Request.DeviceMilli * (task.Deleted - task.Created);
            var place = policy.Place(task.Request);
            if (place is { } taken)
            {
                cluster.Take(taken, task.Request);
            }
            (asked, refused) = (asked + time, refused + (place is null ? time : 0));
            (count, refusedCount) = (count + (time > 0 ? 1 : 0), refusedCount + (place is null && time > 0 ? 1 : 0));
            demand += task.Request.DeviceMilli;
            peak = Math.Max(peak, demand);
            leaving.Enqueue((task, place), (task.Deleted, i));
        }
        return new TimedRun(100 * refused / Math.Max(1, asked), 100.0 * refusedCount / Math.Max(1, count), 100.0 * peak / capacity, cluster.Moves);
    }

    private static void GiveBack((OpenbTask Task, PackingPlace? Place) gone, PackingCluster cluster, IPackingPolicy policy)
    {
        if (gone.Place is { } place)
        {
            cluster.Return(place, gone.Task.Request);
            policy.Returned(place, gone.Task.Request);
        }
    }
}
