namespace Amalgam.Core.Allocation.Laws;

/// <summary>L4 and L4b for so many members of one waiting workload on one class: nobody else holds there what is rather its own.</summary>
internal sealed class ClaimLaws(CheckedState state, WorkloadState workload, string chip, int members, FreeDevices free)
{
    private readonly long _size = CheckedState.Milli(workload, members);
    private readonly List<string> _path = state.PathOf(workload.Unit);

    public void Check(bool gathering, List<LawViolation> found)
    {
        if (_size == 0 || !WaitingLaws.MayHold(state, workload, chip, members))
        {
            return;
        }

        if (Served(guarantee: true) is { } borrower)
        {
            found.Add(new(Law.L4, $"{workload.Name} waits within the guarantee of its unit while {borrower} holds borrowed {chip} that would serve it"));
        }
        else if (!gathering && Served(guarantee: false) is { } above)
        {
            found.Add(new(Law.L4b, $"{workload.Name} waits within the target of its unit while {above} holds {chip} above its unit's target that would serve it"));
        }
    }

    /// <summary>Whether its unit is entitled to what is idle there, and this is enough.</summary>
    public bool MayTakeIdle(bool guarantee) => WaitingLaws.MayHold(state, workload, chip, members) && Entitled([workload.Unit], guarantee) &&
        free.Fits(workload, chip, members);

    /// <summary>Whether leases of others would have to give way to it, and this is enough.</summary>
    public bool MayTakeFromOthers(bool guarantee) => WaitingLaws.MayHold(state, workload, chip, members) && Served(guarantee) is not null;

    /// <summary>One lease whose end would be enough, or leases taken one after the other until it fits; null = there is none.</summary>
    private string? Served(bool guarantee)
    {
        var removed = new List<Piece>();
        var lost = new Dictionary<string, long>(StringComparer.Ordinal);
        string? last = null;
        // The largest first: whoever then still straddles a guarantee is not wholly within it whatever else goes.
        foreach (var (id, pieces) in state.After.OrderByDescending(held => OnChip(held.Value)).ThenBy(held => held.Key, StringComparer.Ordinal))
        {
            if (pieces.Count == 0 || !MayGo(id, pieces, guarantee, lost))
            {
                continue;
            }

            foreach (var piece in pieces)
            {
                free.Return(piece);
                removed.Add(piece);
            }

            foreach (var unit in state.PathOf(state.Workloads[id].Unit))
            {
                lost[unit] = lost.GetValueOrDefault(unit) + OnChip(pieces);
            }

            if (free.Fits(workload, chip, members))
            {
                last = id;
                break;
            }
        }

        foreach (var piece in removed)
        {
            free.Take(piece);
        }

        return last;
    }

    private bool MayGo(string id, List<Piece> pieces, bool guarantee, Dictionary<string, long> lost)
    {
        var other = state.Workloads[id];
        if (!other.Preemptible || OnChip(pieces) == 0 || other.Mixed || (!guarantee && IsYoung(other, pieces)))
        {
            return false;
        }

        var theirs = state.PathOf(other.Unit);
        var ours = _path.TakeWhile(unit => !theirs.Contains(unit)).ToList();
        var apart = theirs.TakeWhile(unit => !_path.Contains(unit)).ToList();
        return ours.Count > 0 && apart.Count > 0 && Entitled(ours, guarantee) && apart.All(unit =>
            guarantee
                ? Rest(unit, other, pieces, lost) > state.Guarantee(unit, chip)
                : state.HeldAfter(unit, chip) - lost.GetValueOrDefault(unit) - OnChip(pieces) >= state.Targets.GetValueOrDefault((unit, chip))) &&
            (guarantee || ClaimsWithinGuarantee(ours[^1]) || apart.All(unit => Rest(unit, other, pieces, lost) > state.Guarantee(unit, chip)));
    }

    // A gang that straddles a guarantee counts as borrowed; below a target nobody is pushed. What can shrink goes member by member: only the last one of them can straddle a guarantee.
    private long Rest(string unit, WorkloadState other, List<Piece> pieces, Dictionary<string, long> lost)
    {
        var others = CheckedState.Least(other) < pieces.Count ? OnChip(pieces) - CheckedState.Milli(other, 1) : 0;
        return state.HeldAfter(unit, chip) - lost.GetValueOrDefault(unit) - others;
    }

    private bool Entitled(List<string> ours, bool guarantee)
    {
        if (!guarantee)
        {
            return ours.All(unit => state.HeldAfter(unit, chip) + _size <= state.Targets.GetValueOrDefault((unit, chip)));
        }

        return ours.All(unit => state.HeldAfter(unit, chip) + _size <= state.Guarantee(unit, chip)) && DeliversLess(ours[^1]);
    }

    // Work on other classes counts: a unit that traded its guarantee for more work elsewhere lacks nothing.
    private bool DeliversLess(string unit)
    {
        decimal delivered = 0;
        foreach (var (id, pieces) in state.After)
        {
            var other = state.Workloads[id];
            if (pieces.Count > 0 && state.PathOf(other.Unit).Contains(unit))
            {
                delivered += pieces.Sum(piece => (decimal)piece.Milli * SpeedOn(other, state.ChipOf(piece.Node)));
            }
        }

        return delivered + ((decimal)_size * SpeedOn(workload, chip)) <= Owed(unit);
    }

    /// <summary>
    /// At least so much work would the guarantee of this class alone do: in a family what it does for its members, each filled with what is fastest
    /// there and gangs that exceed it left out; or the whole of it at the slowest speed of all who ask for the class.
    /// </summary>
    private decimal Owed(string unit)
    {
        var asking = state.Snapshot.Workloads.Where(other => !other.Held && state.PathOf(other.Unit).Contains(unit) && WaitingLaws.IsOpenTo(state, other, chip)).ToList();
        var usable = Math.Min(state.Guarantee(unit, chip), state.Units[unit].Limit.Find(chip) ?? long.MaxValue);
        var atLeast = (decimal)Math.Min(usable, asking.Sum(other => CheckedState.Milli(other, other.Members))) *
            asking.Select(other => SpeedOn(other, chip)).DefaultIfEmpty(0).Min();
        var members = state.Snapshot.Units.Where(child => string.Equals(child.Parent, unit, StringComparison.Ordinal)).ToList();
        return Math.Max(atLeast, members.Count > 0 ? members.Sum(member => Owed(member.Name)) : Filled(unit, usable, asking));
    }

    private decimal Filled(string unit, long usable, List<WorkloadState> asking)
    {
        decimal owed = 0;
        foreach (var other in asking.Where(other => CheckedState.Milli(other, CheckedState.Least(other)) <= state.Guarantee(unit, chip))
            .OrderByDescending(other => SpeedOn(other, chip)))
        {
            var part = Math.Min(usable, CheckedState.Milli(other, other.Members));
            owed += (decimal)part * SpeedOn(other, chip);
            usable -= part;
        }

        return owed;
    }

    private static int SpeedOn(WorkloadState workload, string chip) =>
        workload.Speeds.FirstOrDefault(speed => string.Equals(speed.ChipClass, chip, StringComparison.Ordinal)).Millionths;

    private bool ClaimsWithinGuarantee(string unit) => state.HeldAfter(unit, chip) + _size <= state.Guarantee(unit, chip);

    private bool IsYoung(WorkloadState other, List<Piece> pieces)
    {
        var shield = state.PathOf(other.Unit).Select(unit => state.Units[unit].MinRuntimeMs).FirstOrDefault(time => time is not null) ?? 0;
        return state.Snapshot.NowMs - pieces.Min(piece => piece.SinceMs) < shield;
    }

    private long OnChip(List<Piece> pieces) =>
        pieces.Where(piece => string.Equals(state.ChipOf(piece.Node), chip, StringComparison.Ordinal)).Sum(piece => piece.Milli);
}
