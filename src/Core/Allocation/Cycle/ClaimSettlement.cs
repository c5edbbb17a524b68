using Amalgam.Core.Allocation.Stock;

namespace Amalgam.Core.Allocation.Cycle;

/// <summary>What a search has taken from one workload.</summary>
internal sealed record Removal(Entry Entry, bool Surplus, List<HeldMember> Members);

/// <summary>A claim has found its devices: the claimant begins, and everybody who lost something for it is told so.</summary>
internal sealed class ClaimSettlement(PlanningState state, VictimSource source)
{
    /// <param name="slots">Taken from the stock for the claimant; empty afterwards.</param>
    /// <param name="guaranteed">Levels at which the claim restores a guarantee, see <see cref="Bounds.Has"/>.</param>
    public void Settle(in Request request, ClaimKind kind, IReadOnlyList<Removal> removed, List<Slot> slots, ulong guaranteed)
    {
        foreach (var removal in removed)
        {
            if (removal.Entry.Paid && !removal.Surplus)
            {
                Inherit(removal.Entry, request.Entry);
            }

            if (!removal.Surplus)
            {
                source.Took(request.Entry, removal.Entry, kind);
            }

            removal.Entry.Beneficiary = request.Entry;
            if (!removal.Entry.Running && removal.Entry.Before is { Count: > 0 } && removal.Entry.Evicted is null)
            {
                removal.Entry.EvictedFor = request.Entry;
                removal.Entry.Evicted = ReasonOf(request, removal.Entry, kind, guaranteed);
            }
        }

        request.Entry.Paid |= removed.Count > 0;
        state.Take(request.Entry, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(slots));
        slots.Clear();
        source.Started(request.Entry);
    }

    // What was ended for a start that does not happen after all has been ended for the one that takes its place.
    private void Inherit(Entry from, Entry to)
    {
        from.Paid = false;
        foreach (var entry in state.Touched)
        {
            entry.EvictedFor = entry.EvictedFor == from ? to : entry.EvictedFor;
            entry.Beneficiary = entry.Beneficiary == from ? to : entry.Beneficiary;
        }
    }

    // What restores a guarantee is said so, also where the milder right to the target was enough to claim it.
    private EvictionReason ReasonOf(in Request request, Entry victim, ClaimKind kind, ulong guaranteed) => kind switch
    {
        ClaimKind.Guarantee or ClaimKind.GuaranteeShielded => EvictionReason.Guarantee,
        ClaimKind.Term => EvictionReason.Term,
        _ when victim.Shape.Leaf == request.Shape.Leaf => EvictionReason.Priority,
        _ => Bounds.Has(guaranteed, source.LevelsApart(request, victim)) ? EvictionReason.Guarantee : EvictionReason.Share,
    };
}
