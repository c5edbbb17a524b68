using System.Runtime.InteropServices;
using Amalgam.Core.Allocation.Stock;

namespace Amalgam.Core.Allocation.Cycle;

/// <summary>The ways in which a request can be granted, from the mildest to the one that costs others most.</summary>
internal sealed class Starter
{
    /// <summary>Thousandths: a class where work is at least this well off is one where it belongs.</summary>
    public const int Belongs = 900;

    private readonly PlanningState _state;
    private readonly Bounds _bounds;
    private readonly CycleTargets _targets;
    private readonly VictimSource _source;
    private readonly ClaimSearch _search;
    private readonly MixedPlaces _mixedPlaces;
    private readonly MixedClaims _mixedClaims;
    private readonly List<Slot> _slots = [];
    private readonly List<int> _equal = [];
    private readonly Dictionary<Shape, int[]> _order = [];

    public Starter(PlanningState state, CycleTargets targets, Bounds bounds, KeyTable keys)
    {
        (_state, _bounds, _targets) = (state, bounds, targets);
        _source = new VictimSource(state, targets, bounds, keys);
        var settlement = new ClaimSettlement(state, _source);
        _search = new ClaimSearch(state, bounds, _source, settlement);
        _mixedPlaces = new MixedPlaces(state, bounds);
        _mixedClaims = new MixedClaims(state, bounds, _search, settlement);
    }

    /// <summary>It began in another way than by this class: it may have to give way again in the same cycle.</summary>
    public void Started(Entry entry) => _source.Started(entry);

    /// <summary>Idle devices inside the target, on the classes where the work belongs.</summary>
    public bool WhereItBelongs(Request request) => TakeIdle(request, Belongs, withinTarget: true);

    /// <summary>Idle devices inside the target, on any class.</summary>
    public bool WithinTarget(Request request) => TakeIdle(request, 0, withinTarget: true);

    /// <summary>Idle devices that nobody with a better claim can use.</summary>
    public bool Borrow(Request request) => TakeIdle(request, 0, withinTarget: false);

    /// <summary>Devices that others hold above their targets, or beyond their guarantees if the own one is at stake.</summary>
    public bool Reclaim(Request request) =>
        Claim(request, ClaimKind.Target) || ReclaimGuarantee(request);

    /// <summary>The same where the unit stays within its target at every level: before anybody borrows.</summary>
    public bool ReclaimWithinTarget(Request request) =>
        Claim(request, ClaimKind.Target, withinTarget: true) || ReclaimGuarantee(request);

    private bool ReclaimGuarantee(Request request) =>
        Claim(request, ClaimKind.Guarantee) || Claim(request, ClaimKind.GuaranteeShielded);

    /// <summary>Whether something of lower priority runs in the same unit: it must not be served before.</summary>
    public bool OutranksOwn(Request request) => (!request.IsGrowth || request.Shape.IsService) &&
        _state.RunningIn[request.Shape.Leaf].Exists(entry => entry.Shape.Preemptible && entry.Shape.Priority < request.Shape.Priority);

    /// <summary>Devices that lower priorities hold in the same unit, or that come later in its order after their lease term.</summary>
    public bool Preempt(Request request)
    {
        if (request.IsGrowth && !request.Shape.IsService)
        {
            return false;
        }

        return Claim(request, ClaimKind.Priority) ||
            (!request.IsGrowth && Claim(request, ClaimKind.Term));
    }

    /// <summary>Devices on the classes where the work belongs, held by what comes later in the order of its unit after a lease term.</summary>
    public bool ReorderToWhereItBelongs(Request request) => Claim(request, ClaimKind.Term, withinTarget: true, Belongs);

    private bool Claim(Request request, ClaimKind kind, bool withinTarget = false, int efficiency = 0)
    {
        if (request.Shape.Sample.Mixed && request.Milli > 0)
        {
            return _mixedClaims.TryClaim(request, ChipsFor(request.Shape, efficiency), kind, withinTarget);
        }

        // What takes no device has no right to anybody's.
        foreach (var chip in request.Milli > 0 ? ChipsFor(request.Shape) : [])
        {
            if (request.Shape.Efficiency[chip] >= efficiency && StaysOnItsClass(request, chip) &&
                (!withinTarget || _bounds.WithinTarget(request, chip)) && _search.TryClaim(request, chip, kind))
            {
                return true;
            }
        }

        return false;
    }

    private bool TakeIdle(Request request, int efficiency, bool withinTarget)
    {
        if (request.Shape.Sample.Mixed)
        {
            return TakeMixed(request, ChipsFor(request.Shape, efficiency), withinTarget ? IsWithinTarget : static (_, _) => true);
        }

        var order = ChipsFor(request.Shape);
        for (var i = 0; i < order.Length; i++)
        {
            var chip = order[i];
            if (request.Shape.Efficiency[chip] >= efficiency && StaysOnItsClass(request, chip) &&
                _bounds.MayHold(request, chip) && (!withinTarget || IsWithinTarget(request, chip)))
            {
                _equal.Add(chip);
            }

            if (_equal.Count > 0 && (i + 1 == order.Length || !AtEqualStanding(request.Shape, chip, order[i + 1])))
            {
                var taken = _state.Placer.TryTake(CollectionsMarshal.AsSpan(_equal), request.Shape.Member, request.Members, _slots);
                _equal.Clear();
                if (taken)
                {
                    Begin(request);
                    return true;
                }
            }
        }

        return false;
    }

    // Where classes cost nothing the targets say how much of them all together; how much of each is arbitrary, and placement decides it.
    private bool IsWithinTarget(Request request, int chip)
    {
        if (request.Milli == 0)
        {
            return true;
        }

        if (_targets.Abundant.Length < 2 || !_targets.Abundant.Contains(chip))
        {
            return _bounds.WithinTarget(request, chip);
        }

        for (var u = request.Shape.Leaf; u >= 0; u = _state.Tree.Parent[u])
        {
            // Unrounded, as rounding goes class by class; what it would add or take is less than half of the request.
            var left = -request.Milli / 2;
            foreach (var abundant in _targets.Abundant)
            {
                var at = _state.Tree.At(u, abundant);
                left += _targets.Raw[at] - _state.Tree.Held[at];
            }

            if (left < 0)
            {
                return _bounds.WithinTarget(request, chip);
            }
        }

        return true;
    }

    // Classes between which neither prices nor speeds decide: then what the others lose does.
    private static bool AtEqualStanding(Shape shape, int a, int b) =>
        shape.Efficiency[a] == shape.Efficiency[b] && shape.Speeds[a] == shape.Speeds[b];

    /// <summary>Idle devices for a gang over several classes, where one more member after the other may go.</summary>
    public bool TakeMixed(Request request, IReadOnlyList<int> chips, Func<Request, int, bool> may)
    {
        if (_mixedPlaces.Fill(request, chips, request.Members, may, _slots) < request.Members)
        {
            _mixedPlaces.Return(request, _slots);
            return false;
        }

        _mixedPlaces.Leave(request, _slots);
        Begin(request);
        return true;
    }

    private void Begin(Request request)
    {
        GoBack(request);
        _state.Take(request.Entry, CollectionsMarshal.AsSpan(_slots));
        _slots.Clear();
        _source.Started(request.Entry);
    }

    // What lost its place in this cycle and finds that place free again has lost nothing.
    private void GoBack(Request request)
    {
        var entry = request.Entry;
        if (entry.Evicted is null || entry.Running || entry.Before!.Count != _slots.Count || !OnSameClasses(entry.Before, _slots))
        {
            return;
        }

        foreach (var slot in _slots)
        {
            _state.Stocks[slot.Chip].Return(slot.Node, slot.Devices, request.Shape.Member);
        }

        var back = new List<Slot>();
        foreach (var member in entry.Before)
        {
            if (IsFree(member.Slot, request.Shape))
            {
                _state.Stocks[member.Slot.Chip].Take(member.Slot.Node, member.Slot.Devices, request.Shape.Member);
                back.Add(member.Slot);
            }
        }

        if (back.Count == _slots.Count)
        {
            _slots.Clear();
            _slots.AddRange(back);
            return;
        }

        back.ForEach(slot => _state.Stocks[slot.Chip].Return(slot.Node, slot.Devices, request.Shape.Member));
        _slots.ForEach(slot => _state.Stocks[slot.Chip].Take(slot.Node, slot.Devices, request.Shape.Member));
    }

    // Quotas have been asked for these classes only.
    private static bool OnSameClasses(List<HeldMember> before, List<Slot> slots) =>
        slots.TrueForAll(slot => slots.Count(other => other.Chip == slot.Chip) == before.Count(member => member.Slot.Chip == slot.Chip));

    private bool IsFree(Slot slot, Shape shape)
    {
        foreach (var device in slot.Devices)
        {
            if (!_state.Stocks[slot.Chip].DeviceFits(slot.Node, device, shape.Member))
            {
                return false;
            }
        }

        return _state.Stocks[slot.Chip].HasRoom(slot.Node, shape.Member);
    }

    // A gang grows on the class where it is.
    private static bool StaysOnItsClass(Request request, int chip) =>
        !request.IsGrowth || request.Shape.IsService || request.Entry.Members[0].Slot.Chip == chip;

    private int[] ChipsFor(Shape shape, int efficiency) =>
        efficiency == 0 ? ChipsFor(shape) : Array.FindAll(ChipsFor(shape), chip => shape.Efficiency[chip] >= efficiency);

    /// <summary>The classes that the work may use, the best for it first.</summary>
    public int[] ChipsFor(Shape shape)
    {
        if (!_order.TryGetValue(shape, out var order))
        {
            order = [.. Enumerable.Range(0, shape.Speeds.Length).Where(shape.MayUse)
                .OrderByDescending(chip => shape.Efficiency[chip]).ThenByDescending(chip => shape.Speeds[chip])];
            _order.Add(shape, order);
        }

        return order;
    }
}
