namespace Amalgam.Simulation.Sharing;

/// <summary>Who holds what from now until the next round.</summary>
public interface ISharingPolicy
{
    /// <param name="now">Seconds.</param>
    /// <param name="active">Submitted and not done, in order of submission.</param>
    void Decide(double now, IReadOnlyList<JobProgress> active);

    /// <summary>The job has ended; what it held is free.</summary>
    void Ended(JobProgress job);
}

/// <summary>
/// Jobs over a cluster of several chip classes in rounds: at each round the policy decides, in between everybody runs. A job that ends
/// within a round gives its devices back at the end of it.
/// </summary>
public static class SharingSimulation
{
    /// <summary>With nothing running and nothing to come, a policy that has not started anything by then never will.</summary>
    private const int MostIdleRounds = 1000;

    /// <param name="jobs">By submission.</param>
    /// <param name="until">Stops when this holds; null = all done.</param>
    /// <param name="roundSeconds">Between decisions.</param>
    /// <param name="mostSeconds">Ends at this virtual time, whatever still runs.</param>
    /// <returns>Every job that was submitted, in order.</returns>
    public static IReadOnlyList<JobProgress> Run(
        IEnumerable<SharedJob> jobs, ISharingPolicy policy, double roundSeconds, Func<IReadOnlyList<JobProgress>, bool>? until = null,
        double mostSeconds = double.PositiveInfinity)
    {
        ArgumentNullException.ThrowIfNull(jobs);
        ArgumentNullException.ThrowIfNull(policy);
        using var arrivals = jobs.GetEnumerator();
        var more = arrivals.MoveNext();
        var (all, active) = (new List<JobProgress>(), new List<JobProgress>());
        var stuck = 0;
        for (double now = 0; (more || active.Count > 0) && now < mostSeconds;)
        {
            while (more && arrivals.Current.SubmitSeconds <= now)
            {
                var job = new JobProgress(arrivals.Current);
                all.Add(job);
                active.Add(job);
                more = arrivals.MoveNext();
            }
            if (active.Count == 0)
            {
                now = Math.Ceiling(arrivals.Current.SubmitSeconds / roundSeconds) * roundSeconds;
                continue;
            }
            policy.Decide(now, active);
            stuck = more || active.Exists(j => j.IsRunning) ? 0 : stuck + 1;
            if (stuck > MostIdleRounds)
            {
                throw new InvalidOperationException(
                    $"{active.Count} jobs are left that nothing starts, the first a gang of {active[0].Job.Gang}: the cluster is too small for them");
            }
            foreach (var job in active)
            {
                job.Run(now, roundSeconds);
            }
            now += roundSeconds;
            if (RemoveDone(active, policy) && until is not null && until(all))
            {
                break;
            }
        }
        return all;
    }

    private static bool RemoveDone(List<JobProgress> active, ISharingPolicy policy)
    {
        foreach (var job in active)
        {
            if (job.IsDone)
            {
                policy.Ended(job);
            }
        }
        return active.RemoveAll(j => j.IsDone) > 0;
    }
}
