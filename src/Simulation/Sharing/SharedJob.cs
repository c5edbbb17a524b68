using System.Collections.Immutable;

namespace Amalgam.Simulation.Sharing;

/// <summary>A job of a trace: what it asks for and what only the simulator knows.</summary>
/// <param name="Unit">Index of its unit.</param>
/// <param name="Gang">Devices, all of one class, all at once.</param>
/// <param name="Speeds">Per chip class relative to its best (1.0); 0 = cannot run there.</param>
/// <param name="SubmitSeconds">From the start of the trace.</param>
/// <param name="WorkSeconds">On its best class, alone.</param>
/// <param name="DeclaredSeconds">What the allocator is told it takes on its best class; null = nothing.</param>
public sealed record SharedJob(
    int Id, int Unit, int Gang, ImmutableArray<double> Speeds, double SubmitSeconds, double WorkSeconds, double? DeclaredSeconds = null)
{
    /// <summary>Of each member; 0 = no matter.</summary>
    public long CpuMilli { get; init; }

    /// <summary>Of each member; 0 = no matter.</summary>
    public long RamMiB { get; init; }
}

/// <summary>A job on its way through the cluster.</summary>
public sealed class JobProgress(SharedJob job)
{
    public SharedJob Job { get; } = job;

    /// <summary>Seconds of work done, at speed 1.</summary>
    public double AttainedSeconds { get; private set; }

    /// <summary>Chip class it holds; -1 = none.</summary>
    public int Class { get; private set; } = -1;

    public double SinceSeconds { get; private set; }

    public double CompletedSeconds { get; private set; } = double.NaN;

    public int Preemptions { get; private set; }

    /// <summary>Seconds held so far per chip class.</summary>
    public double[] HeldSeconds { get; } = new double[job.Speeds.Length];

    /// <summary>Seconds held x devices, over all classes.</summary>
    public double DeviceSeconds { get; private set; }

    private double _startingUp;

    public bool IsDone => !double.IsNaN(CompletedSeconds);

    public bool IsRunning => Class >= 0;

    public double FlowSeconds => CompletedSeconds - Job.SubmitSeconds;

    /// <summary>Holds devices of a class from now on, or none; a change of place costs <paramref name="restartSeconds"/> if it ran before.</summary>
    public void Place(int chip, double now, double restartSeconds, bool elsewhere = false)
    {
        if (chip == Class && !elsewhere)
        {
            return;
        }
        if (IsRunning)
        {
            Preemptions++;
        }
        _startingUp = chip >= 0 && Preemptions > 0 ? restartSeconds : 0;
        (Class, SinceSeconds) = (chip, now);
    }

    /// <summary>Runs for a while; the last second of its work is its completion, its devices stay held until the caller looks.</summary>
    public void Run(double now, double seconds)
    {
        if (!IsRunning)
        {
            return;
        }
        HeldSeconds[Class] += seconds;
        DeviceSeconds += seconds * Job.Gang;
        var startUp = Math.Min(_startingUp, seconds);
        _startingUp -= startUp;
        var rest = Job.WorkSeconds - AttainedSeconds;
        var done = (seconds - startUp) * Job.Speeds[Class];
        if (done >= rest - 1e-9)
        {
            CompletedSeconds = now + startUp + rest / Job.Speeds[Class];
            done = rest;
        }
        AttainedSeconds += done;
    }
}
