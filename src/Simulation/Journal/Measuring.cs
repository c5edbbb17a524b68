using System.Collections.Immutable;
using Amalgam.Core.Allocation;
using Amalgam.Core.Ledger;
using Amalgam.Simulation.Scenarios;

namespace Amalgam.Simulation.Journal;

/// <summary>Watches a virtual run and adds up what it comes to; decides nothing.</summary>
internal sealed class Measuring(PriceBook prices)
{
    private readonly Dictionary<string, long> _wantedFromMs = new(StringComparer.Ordinal);

    public Tally Tally { get; } = new();

    /// <summary>A service at zero waits for nothing until somebody uses it.</summary>
    public void Wanted(string id, long nowMs) => _wantedFromMs[id] = nowMs;

    public static int Speed(VirtualWorkload workload, string chip)
    {
        foreach (var speed in workload.Described.State.Speeds)
        {
            if (string.Equals(speed.ChipClass, chip, StringComparison.Ordinal))
            {
                return speed.Millionths;
            }
        }

        return 0;
    }

    public void Planned(long nowMs, AllocationPlan plan)
    {
        Tally.Cycles++;
        Tally.Waits(nowMs, plan.Pending.Length);
    }

    public void Started(VirtualWorkload workload, string chip, long nowMs) => Waited(workload, chip, nowMs);

    public void Completed(VirtualWorkload workload) => Tally.Of(workload.Described.State.Unit).Completed++;

    /// <param name="neverStartedMs">Now, if it has waited all the time.</param>
    public void Stopped(VirtualWorkload workload, long? neverStartedMs) => Left(workload, neverStartedMs);

    /// <inheritdoc cref="Stopped"/>
    public void Unfinished(VirtualWorkload workload, long? neverStartedMs)
    {
        Left(workload, neverStartedMs);
        if (workload.Described.State.Kind == WorkloadKind.Job)
        {
            Tally.Of(workload.Described.State.Unit).Unfinished++;
        }
    }

    public void Evicted(VirtualWorkload workload, Dictionary<string, string> chipOf, Action evict)
    {
        var state = workload.Described.State;
        Tally.Of(state.Unit).Evictions++;
        Tally.Of(state.Unit, chipOf[workload.Members[0].Placement.Node]).Evictions++;
        Losing(workload, evict);
    }

    public void Moved(VirtualWorkload workload, Action move)
    {
        Tally.Of(workload.Described.State.Unit).Moves++;
        Losing(workload, move);
    }

    /// <summary>Everything between two events, during which nothing changes.</summary>
    public void Pass(
        long fromMs, long toMs, ImmutableArray<NodeState> nodes, ImmutableArray<UnitState> units, IEnumerable<VirtualWorkload> open, AllocationPlan plan, Dictionary<string, string> chipOf)
    {
        var span = toMs - fromMs;
        if (span <= 0)
        {
            return;
        }

        Tally.AddStock(nodes, span);
        var held = new SortedDictionary<(string Unit, string Chip), long>();
        foreach (var workload in open)
        {
            Use(workload, span, chipOf, held);
        }

        foreach (var ((unit, chip), milli) in held)
        {
            var tally = Tally.Of(unit, chip);
            tally.Held += (Int128)milli * span;
            tally.HeldTimesPrice += (Int128)milli * span * (prices.At(PriceKind.DeviceHour, chip, fromMs)?.DeviceHourNano ?? 0);
        }

        foreach (var ((unit, chip), milli) in Shortages.Of(units, held, open, plan))
        {
            Tally.Of(unit, chip).Short += (Int128)milli * span;
        }
    }

    private void Use(VirtualWorkload workload, long span, Dictionary<string, string> chipOf, SortedDictionary<(string Unit, string Chip), long> held)
    {
        var unit = workload.Described.State.Unit;
        foreach (var (placement, _) in workload.Members)
        {
            var chip = chipOf[placement.Node];
            var milli = placement.MilliPerDevice * placement.Devices.Length;
            held[(unit, chip)] = held.GetValueOrDefault((unit, chip)) + milli;
            Tally.Of(unit).Work += (Int128)milli * span * Speed(workload, chip) / 1_000_000;
        }
    }

    /// <summary>Work that has to be done again was not done.</summary>
    private void Losing(VirtualWorkload workload, Action change)
    {
        var (state, before) = (workload.Described.State, workload.AttainedMs);
        change();
        if (state.Kind == WorkloadKind.Job)
        {
            Tally.Of(state.Unit).Work -= (Int128)(before - workload.AttainedMs) * state.Members * state.DevicesMilli;
        }
    }

    private void Left(VirtualWorkload workload, long? neverStartedMs)
    {
        if (neverStartedMs is { } now && workload.Described.State.Members > 0)
        {
            Waited(workload, Tally.Never, now);
        }
    }

    private void Waited(VirtualWorkload workload, string chip, long nowMs)
    {
        var state = workload.Described.State;
        var wait = nowMs - _wantedFromMs.GetValueOrDefault(state.Id, state.SubmittedMs);
        Tally.Of(state.Unit).WaitsMs.Add(wait);
        Tally.Of(state.Unit, chip).WaitsMs.Add(wait);
    }
}

/// <summary>By how much units hold less than they are guaranteed, while workloads of theirs that could use the class wait.</summary>
internal static class Shortages
{
    /// <summary>What waits for another reason than devices is no shortage.</summary>
    private static readonly HashSet<PendingReason> OwnFault =
        [PendingReason.Held, PendingReason.Admission, PendingReason.NoSuchChip, PendingReason.TooLarge, PendingReason.Limit, PendingReason.Budget];

    public static IEnumerable<((string Unit, string Chip) At, long Milli)> Of(
        ImmutableArray<UnitState> units, SortedDictionary<(string Unit, string Chip), long> held, IEnumerable<VirtualWorkload> open, AllocationPlan plan)
    {
        if (plan.Pending.IsEmpty || units.All(unit => unit.Guarantee.IsEmpty))
        {
            yield break;
        }

        var waits = plan.Pending.Where(pending => !OwnFault.Contains(pending.Reason)).Select(pending => pending.WorkloadId).ToHashSet(StringComparer.Ordinal);
        var waiting = open.Where(workload => !workload.Running && waits.Contains(workload.Id)).ToList();
        var parents = units.ToDictionary(unit => unit.Name, unit => unit.Parent, StringComparer.Ordinal);
        foreach (var unit in units)
        {
            foreach (var (chip, guaranteed) in unit.Guarantee.Entries)
            {
                var has = held.Where(entry => entry.Key.Chip == chip && IsWithin(parents, entry.Key.Unit, unit.Name)).Sum(entry => entry.Value);
                var wants = waiting.Where(workload => Measuring.Speed(workload, chip) > 0 && IsWithin(parents, workload.Described.State.Unit, unit.Name))
                    .Sum(workload => workload.Described.State.Members * workload.Described.State.DevicesMilli);
                if (Math.Min(guaranteed - has, wants) is > 0 and var milli)
                {
                    yield return ((unit.Name, chip), milli);
                }
            }
        }
    }

    private static bool IsWithin(Dictionary<string, string?> parents, string unit, string top)
    {
        for (var at = unit; at is not null; at = parents.GetValueOrDefault(at))
        {
            if (string.Equals(at, top, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }
}
