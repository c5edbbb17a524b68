using Amalgam.Core.Allocation.Stock;

namespace Amalgam.Core.Allocation.Cycle;

/// <summary>A workload in a cycle, with what it holds.</summary>
internal sealed class Entry(WorkloadState workload, int index, Shape shape, Row row)
{
    private List<HeldMember>? _members;

    public WorkloadState Workload { get; } = workload;

    /// <summary>Order of creation.</summary>
    public int Index { get; } = index;

    public Shape Shape { get; } = shape;

    public Row Row { get; } = row;

    public List<HeldMember> Members => _members ??= [];

    /// <summary>What it held when the cycle began; null = it held nothing or has not been touched.</summary>
    public List<HeldMember>? Before { get; set; }

    public bool Running => _members is { Count: > 0 };

    /// <summary>Queued in a row; false for what a person holds.</summary>
    public bool Waiting { get; set; }

    /// <summary>Physically in the queue of its row, perhaps passed over.</summary>
    public bool Queued { get; set; }

    /// <summary>Others lost devices for it in this cycle, so nobody takes its place in the same cycle.</summary>
    public bool Paid { get; set; }

    /// <summary>Went on once in this cycle after it had been evicted; not a second time, or two rights could take turns for ever.</summary>
    public bool Reprieved { get; set; }

    public GatheringNote? Gathering { get; set; }

    /// <summary>Position among the running ones of its leaf.</summary>
    public int RunningAt { get; set; }

    /// <summary>Position among those of its leaf that would take more members; -1 = none of them.</summary>
    public int GrowingAt { get; set; } = -1;

    /// <summary>Why it lost its leases in this cycle, where it did.</summary>
    public EvictionReason? Evicted { get; set; }

    /// <summary>For whom it was evicted.</summary>
    public Entry? EvictedFor { get; set; }

    /// <summary>For whom it moved or shrank.</summary>
    public Entry? Beneficiary { get; set; }

    public long WaitingSinceMs => Workload.WaitingSinceMs ?? Workload.SubmittedMs;

    public bool StartedNow => Before is { Count: 0 } || Evicted is not null;

    public long SinceMs
    {
        get
        {
            var since = long.MaxValue;
            foreach (var member in Members)
            {
                since = Math.Min(since, member.SinceMs);
            }

            return since;
        }
    }

    /// <summary>The cycle is over; nothing of it matters to the next.</summary>
    public void Forget()
    {
        (Before, Evicted, EvictedFor, Beneficiary, Gathering) = (null, null, null, null, null);
        (Paid, Reprieved) = (false, false);
    }

    /// <summary>Milli-device-milliseconds of work that would be done again if it were stopped now.</summary>
    public long LostWork(long nowMs)
    {
        if (!Running)
        {
            return 0;
        }

        var ran = Math.Max(0, nowMs - SinceMs);
        var lost = Workload.CheckpointEveryMs is { } every and > 0 ? ran % every : Workload.Resumable ? 0 : ran;
        return lost * Shape.Member.Milli * Members.Count;
    }

    public long MilliOn(int chip)
    {
        long milli = 0;
        foreach (var member in Members)
        {
            milli += member.Slot.Chip == chip ? Shape.Member.Milli : 0;
        }

        return milli;
    }

    public int LowestFreeMember()
    {
        var number = 0;
        while (Members.Exists(member => member.Number == number))
        {
            number++;
        }

        return number;
    }
}

internal readonly record struct HeldMember(int Number, Slot Slot, long SinceMs);
