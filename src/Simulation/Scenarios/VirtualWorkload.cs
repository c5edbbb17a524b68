using System.Collections.Immutable;
using Amalgam.Core.Allocation;

namespace Amalgam.Simulation.Scenarios;

/// <summary>A workload in virtual time: what it holds, how far it is.</summary>
internal sealed class VirtualWorkload(ScenarioWorkload described)
{
    private long _progressedMs;
    private long _attainedAtStart;

    public ScenarioWorkload Described { get; set; } = described;

    public string Id => Described.State.Id;

    public bool Submitted { get; set; }

    public bool Finished { get; set; }

    public bool WasEvicted { get; set; }

    /// <summary>When it was last evicted.</summary>
    public long? WaitingSinceMs { get; private set; }

    public long SinceMs { get; private set; }

    public long AttainedMs { get; private set; }

    public long Generation { get; private set; }

    /// <summary>With the instant from which each member holds its devices.</summary>
    public ImmutableArray<(MemberPlacement Placement, long SinceMs)> Members { get; private set; } = [];

    public bool Running => !Members.IsEmpty;

    /// <summary>As the allocator sees it now.</summary>
    public WorkloadState State => Described.State with { AttainedMs = AttainedMs, WaitingSinceMs = WaitingSinceMs };

    public IEnumerable<MemberLease> Leases => Members.Select(member => new MemberLease
    {
        WorkloadId = Id,
        Member = member.Placement.Member,
        Node = member.Placement.Node,
        Devices = member.Placement.Devices,
        MilliPerDevice = member.Placement.MilliPerDevice,
        SinceMs = member.SinceMs,
        Generation = Generation,
    });

    /// <summary>Of a gang by its members' classes and by how many of them run, in millionths of the full speed.</summary>
    public long Speed(IReadOnlyDictionary<string, string> chipOf)
    {
        long sum = 0;
        foreach (var (placement, _) in Members)
        {
            foreach (var speed in Described.State.Speeds)
            {
                sum += string.Equals(speed.ChipClass, chipOf[placement.Node], StringComparison.Ordinal) ? speed.Millionths : 0;
            }
        }

        return sum / Math.Max(1, Described.State.Members);
    }

    public void Start(ImmutableArray<MemberPlacement> members, long atMs)
    {
        (SinceMs, _progressedMs, _attainedAtStart) = (atMs, atMs, AttainedMs);
        Members = [.. members.Select(member => (member, atMs))];
        Generation++;
    }

    /// <summary>Members that stay where they are keep their time; the work goes on, from the last checkpoint where one moved.</summary>
    public void Change(ImmutableArray<MemberPlacement> members, long atMs, bool moved, Func<VirtualWorkload, long> speed)
    {
        Progress(atMs, speed);
        if (moved)
        {
            FallBack(atMs, speed);
        }

        Members = [.. members.Select(member => (member, SinceOf(member, atMs)))];
        Generation++;
    }

    public void Stop(long atMs, Func<VirtualWorkload, long> speed)
    {
        Progress(atMs, speed);
        FallBack(atMs, speed);
        Members = [];
        WaitingSinceMs = atMs;
    }

    public void End()
    {
        Finished = true;
        Members = [];
    }

    /// <param name="speed">Millionths of the full speed that it runs with now.</param>
    public void Progress(long atMs, Func<VirtualWorkload, long> speed)
    {
        if (Running && atMs > _progressedMs)
        {
            AttainedMs += (long)((Int128)(atMs - _progressedMs) * speed(this) / 1_000_000);
        }

        _progressedMs = Math.Max(_progressedMs, atMs);
    }

    /// <summary>When its work is done if nothing changes; null = runs on.</summary>
    public long? EndMs(Func<VirtualWorkload, long> speed)
    {
        if (!Running || Described.WorkMs is not { } work || speed(this) is not (> 0 and var rate))
        {
            return null;
        }

        var rest = Math.Max(0, work - AttainedMs);
        return _progressedMs + (long)((((Int128)rest * 1_000_000) + rate - 1) / rate);
    }

    // What was done since the last checkpoint is done again.
    private void FallBack(long atMs, Func<VirtualWorkload, long> speed)
    {
        if (Described.State.CheckpointEveryMs is { } every and > 0)
        {
            var lost = (long)((Int128)((atMs - SinceMs) % every) * speed(this) / 1_000_000);
            AttainedMs = Math.Max(_attainedAtStart, AttainedMs - lost);
        }
        else if (!Described.State.Resumable)
        {
            AttainedMs = 0;
        }

        (SinceMs, _attainedAtStart) = (atMs, AttainedMs);
    }

    private long SinceOf(MemberPlacement placement, long atMs)
    {
        foreach (var (held, since) in Members)
        {
            if (held.Member == placement.Member && string.Equals(held.Node, placement.Node, StringComparison.Ordinal) &&
                held.Devices.SequenceEqual(placement.Devices))
            {
                return since;
            }
        }

        return atMs;
    }
}
