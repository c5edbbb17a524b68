using Amalgam.Core.Allocation.Order;
using Amalgam.Core.Allocation.Stock;

namespace Amalgam.Core.Allocation.Cycle;

/// <summary>
/// Makes a hole for a waiting gang by re-placing preemptible leases on the same chip class. All of them land or none moves, and
/// the work that is done again because of it is less than the work the gang has before it. A gang over several classes may have
/// holes on each.
/// </summary>
internal sealed class Consolidation(PlanningState state, Bounds bounds, Starter starter)
{
    /// <summary>Nodes looked at for one hole, the emptiest first.</summary>
    private const int MostNodes = 64;

    /// <summary>Holes tried in one cycle.</summary>
    private const int MostAttempts = 64;

    private readonly List<Slot> _slots = [];
    private readonly List<Relocation> _moved = [];
    private int _attempts;

    public bool TryMakeRoom(Request request)
    {
        if (!state.Settings.Moves || request.IsGrowth)
        {
            return false;
        }

        var open = starter.ChipsFor(request.Shape);
        if (request.Shape.Sample.Mixed)
        {
            return open.Sum(chip => state.Stocks[chip].FreeMilli) >= request.Milli && _attempts++ < MostAttempts && TryOn(request, open);
        }

        foreach (var chip in open.Order())
        {
            if (bounds.MayHold(request, chip) && state.Stocks[chip].FreeMilli >= request.Milli && _attempts++ < MostAttempts && TryOn(request, [chip]))
            {
                return true;
            }
        }

        return false;
    }

    private bool TryOn(in Request request, int[] chips)
    {
        var workload = request.Entry.Workload;
        var budget = (Int128)request.Milli * SpendOrder.RestMs(workload.DeclaredMs, workload.AttainedMs);
        _slots.Clear();
        _moved.Clear();
        for (var member = 0; member < request.Members; member++)
        {
            if (!PlaceOne(request, chips, ref budget))
            {
                Undo(request);
                return false;
            }

            state.Tree.Add(request.Shape.Leaf, _slots[^1].Chip, request.Shape.Member.Milli, 0, request.Shape.Preemptible);
        }

        foreach (var relocation in _moved)
        {
            state.Move(relocation.Entry, relocation.Number, relocation.To);
            relocation.Entry.Beneficiary = request.Entry;
        }

        Uncount(request);
        request.Entry.Paid = true;
        state.Take(request.Entry, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_slots));
        _slots.Clear();
        starter.Started(request.Entry);
        return true;
    }

    // What is free as it is, on any of the classes, before anybody moves.
    private bool PlaceOne(in Request request, int[] chips, ref Int128 budget)
    {
        var one = request with { Only = 1 };
        var open = Array.FindAll(chips, chip => bounds.MayHold(one, chip));
        foreach (var chip in open)
        {
            if (state.Placer.TryTake(chip, request.Shape.Member, 1, _slots))
            {
                return true;
            }
        }

        foreach (var chip in open)
        {
            if (MakeHole(request, chip, ref budget))
            {
                return true;
            }
        }

        return false;
    }

    // What is on the way to the gang counts as held, so that quotas see it.
    private void Uncount(in Request request)
    {
        foreach (var slot in _slots)
        {
            state.Tree.Add(request.Shape.Leaf, slot.Chip, -request.Shape.Member.Milli, 0, request.Shape.Preemptible);
        }
    }

    private bool MakeHole(in Request request, int chip, ref Int128 budget)
    {
        var (bestNode, bestCost) = (-1, budget);
        foreach (var node in Candidates(chip, request.Shape.Member))
        {
            if (Holders(chip, node) is { Count: > 0 } here && Clear(request, chip, node, here) is { } trial)
            {
                Retract(request, chip, trial);
                if (trial.Cost < bestCost)
                {
                    (bestNode, bestCost) = (node, trial.Cost);
                }
            }
        }

        if (bestNode < 0)
        {
            return false;
        }

        var chosen = Clear(request, chip, bestNode, Holders(chip, bestNode))!;
        budget -= chosen.Cost;
        _slots.Add(chosen.Hole);
        _moved.AddRange(chosen.Moved);
        return true;
    }

    /// <summary>Takes the hole and the new places of those in the way, or leaves everything as it was and returns null.</summary>
    private Trial? Clear(in Request request, int chip, int node, List<Entry> holders)
    {
        var stock = state.Stocks[chip];
        var removed = new List<Relocation>();
        Slot? hole = null;
        foreach (var entry in holders)
        {
            foreach (var member in entry.Members.Where(member => member.Slot.Chip == chip && member.Slot.Node == node).ToList())
            {
                if (hole is null && !_moved.Exists(moved => moved.Entry == entry && moved.Number == member.Number))
                {
                    stock.Return(node, member.Slot.Devices, entry.Shape.Member);
                    removed.Add(new Relocation(entry, member.Number, member.Slot, member.Slot));
                    hole = GangPlacer.TakeOneOn(stock, chip, node, request.Shape.Member);
                }
            }
        }

        if (hole is { } taken && Land(stock, chip, removed))
        {
            var moved = removed.Where(relocation => !SamePlace(relocation.From, relocation.To)).ToList();
            return new Trial(taken, removed, moved, CostOf(moved));
        }

        if (hole is { } given)
        {
            stock.Return(node, given.Devices, request.Shape.Member);
        }

        foreach (var relocation in removed)
        {
            stock.Take(node, relocation.From.Devices, relocation.Entry.Shape.Member);
        }

        return null;
    }

    // Back where it was if that is still free, else to any place of the class.
    private static bool Land(ClassStock stock, int chip, List<Relocation> removed)
    {
        var slots = new List<Slot>();
        for (var i = removed.Count - 1; i >= 0; i--)
        {
            var shape = removed[i].Entry.Shape.Member;
            if (StillFree(stock, removed[i].From, shape))
            {
                stock.Take(removed[i].From.Node, removed[i].From.Devices, shape);
            }
            else if (GangPlacer.TryTake(stock, chip, shape, 1, slots))
            {
                removed[i] = removed[i] with { To = slots[^1] };
            }
            else
            {
                for (var landed = i + 1; landed < removed.Count; landed++)
                {
                    stock.Return(removed[landed].To.Node, removed[landed].To.Devices, removed[landed].Entry.Shape.Member);
                }

                return false;
            }
        }

        return true;
    }

    private void Retract(in Request request, int chip, Trial trial)
    {
        var stock = state.Stocks[chip];
        stock.Return(trial.Hole.Node, trial.Hole.Devices, request.Shape.Member);
        foreach (var relocation in trial.Removed)
        {
            stock.Return(relocation.To.Node, relocation.To.Devices, relocation.Entry.Shape.Member);
        }

        foreach (var relocation in trial.Removed)
        {
            stock.Take(relocation.From.Node, relocation.From.Devices, relocation.Entry.Shape.Member);
        }
    }

    private void Undo(in Request request)
    {
        Uncount(request);
        foreach (var slot in _slots)
        {
            state.Stocks[slot.Chip].Return(slot.Node, slot.Devices, request.Shape.Member);
        }

        foreach (var relocation in _moved)
        {
            state.Stocks[relocation.To.Chip].Return(relocation.To.Node, relocation.To.Devices, relocation.Entry.Shape.Member);
        }

        foreach (var relocation in _moved)
        {
            state.Stocks[relocation.From.Chip].Take(relocation.From.Node, relocation.From.Devices, relocation.Entry.Shape.Member);
        }

        _slots.Clear();
        _moved.Clear();
    }

    private Int128 CostOf(List<Relocation> moved)
    {
        Int128 cost = 0;
        foreach (var entry in moved.Select(relocation => relocation.Entry).Distinct())
        {
            cost += entry.StartedNow ? 0 : entry.LostWork(state.NowMs);
        }

        return cost;
    }

    private IEnumerable<int> Candidates(int chip, MemberShape shape)
    {
        var stock = state.Stocks[chip];
        var given = 0;
        for (var untouched = stock.MostDevices; untouched >= 0; untouched--)
        {
            var nodes = new List<int>();
            for (var node = stock.ByUntouched(untouched).Next(0); node >= 0 && nodes.Count < MostNodes; node = stock.ByUntouched(untouched).Next(node + 1))
            {
                nodes.Add(node);
            }

            foreach (var node in nodes.Where(node => stock.Nodes[node].Devices >= shape.Devices))
            {
                if (given++ >= MostNodes)
                {
                    yield break;
                }

                yield return node;
            }
        }
    }

    /// <summary>Who may be moved away from the node, the least work lost first.</summary>
    private List<Entry> Holders(int chip, int node) => [.. state.Holders.On(chip, node)
        .Where(entry => entry.Shape.Preemptible && (!entry.Paid || entry.StartedNow)).OrderBy(entry => entry.LostWork(state.NowMs)).ThenBy(entry => entry.Index)];

    private static bool StillFree(ClassStock stock, Slot slot, MemberShape shape) =>
        Array.TrueForAll(slot.Devices, device => stock.DeviceFits(slot.Node, device, shape)) && stock.HasRoom(slot.Node, shape);

    private static bool SamePlace(Slot a, Slot b) => a.Node == b.Node && a.Devices.AsSpan().SequenceEqual(b.Devices);

    private sealed record Relocation(Entry Entry, int Number, Slot From, Slot To);

    private sealed record Trial(Slot Hole, List<Relocation> Removed, List<Relocation> Moved, Int128 Cost);
}
