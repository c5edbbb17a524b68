namespace Amalgam.Simulation.Sharing;

/// <summary>A cluster as pools of equal devices, for the policies that are here for comparison only.</summary>
/// <param name="devices">Per chip class.</param>
public abstract class PoolPolicy(IReadOnlyList<int> devices, double restartSeconds) : ISharingPolicy
{
    protected int Classes => devices.Count;

    public abstract void Decide(double now, IReadOnlyList<JobProgress> active);

    public virtual void Ended(JobProgress job)
    {
    }

    protected int[] Free() => [.. devices];

    protected void Place(JobProgress job, int chip, double now)
    {
        ArgumentNullException.ThrowIfNull(job);
        job.Place(chip, now, restartSeconds);
    }

    protected static bool Fits(JobProgress job, int chip, int[] free)
    {
        ArgumentNullException.ThrowIfNull(job);
        ArgumentNullException.ThrowIfNull(free);
        return job.Job.Speeds[chip] > 0 && job.Job.Gang <= free[chip];
    }
}

/// <summary>
/// Least attained service without knowledge of speeds (J. Gu et al., "Tiresias", NSDI 2019, in the form that Gavel compares with): each
/// round goes to those with the least device time, on the class where each has been least, so that time is split evenly over the classes.
/// </summary>
public sealed class LeastAttained(IReadOnlyList<int> devices, double restartSeconds) : PoolPolicy(devices, restartSeconds)
{
    public override void Decide(double now, IReadOnlyList<JobProgress> active)
    {
        ArgumentNullException.ThrowIfNull(active);
        var free = Free();
        var order = active.ToArray();
        // One number per job, least service first, then the earlier job: thousands of jobs are sorted every round.
        Array.Sort(Array.ConvertAll(order, j => (long)j.DeviceSeconds * 10_000_000 + j.Job.Id), order);
        var chosen = new int[order.Length];
        for (var k = 0; k < order.Length; k++)
        {
            chosen[k] = LeastVisited(order[k], free);
            if (chosen[k] >= 0)
            {
                free[chosen[k]] -= order[k].Job.Gang;
            }
        }
        for (var k = 0; k < order.Length; k++)
        {
            Place(order[k], chosen[k], now);
        }
    }

    private int LeastVisited(JobProgress job, int[] free)
    {
        var best = -1;
        for (var c = 0; c < Classes; c++)
        {
            if (Fits(job, c, free) && (best < 0 || (job.HeldSeconds[c], -free[c]).CompareTo((job.HeldSeconds[best], -free[best])) < 0))
            {
                best = c;
            }
        }
        return best;
    }
}

/// <summary>First in, first out, nobody overtakes, nobody is stopped; on the class with the most idle devices.</summary>
public sealed class FirstInFirstOut(IReadOnlyList<int> devices, double restartSeconds) : PoolPolicy(devices, restartSeconds)
{
    public override void Decide(double now, IReadOnlyList<JobProgress> active)
    {
        ArgumentNullException.ThrowIfNull(active);
        var free = Free();
        foreach (var job in active)
        {
            if (job.IsRunning)
            {
                free[job.Class] -= job.Job.Gang;
            }
        }
        foreach (var job in active.Where(j => !j.IsRunning))
        {
            var chip = Enumerable.Range(0, Classes).Where(c => Fits(job, c, free)).OrderByDescending(c => free[c]).FirstOrDefault(-1);
            if (chip < 0)
            {
                return;
            }
            free[chip] -= job.Job.Gang;
            Place(job, chip, now);
        }
    }
}
