using System.Collections.Immutable;
using Amalgam.Core.Allocation.Stock;

namespace Amalgam.Core.Allocation.Placement;

/// <summary>Where one member would go.</summary>
/// <param name="Node">Index of the node.</param>
/// <param name="Devices">Device indices: one for a share, lowest first otherwise.</param>
/// <param name="Loss">What the others lose by it, in millionths of a device at today's crowding prices. Comparable between nodes and chip classes.</param>
public readonly record struct PlacementChoice(int Node, ImmutableArray<int> Devices, long Loss)
{
    /// <summary>The same before it is rounded.</summary>
    internal double Weighted { get; init; }
}

/// <summary>
/// All nodes with what they have left, and the rule that picks the place where the others lose least: crowding price of the node's shape x
/// loss of worth; of equals the tightest node, then the first. A decision looks at each distinct state once, never at each node; losses are kept per
/// kind of request and state, and prices only multiply them, so a new price forgets nothing. What it answers depends on what is left and on the
/// tables alone, not on the way there. One thread; equal calls give equal answers on every machine.
/// </summary>
public sealed class PlacementBook
{
    private readonly NodeShape[] _shapes;
    private readonly int[] _shapeOf;
    private readonly NodeRoom[] _rooms;
    private readonly StateTable _states;
    private readonly List<RequestKind> _kinds = [];
    private readonly Dictionary<PlacementRequest, int> _kindOf = [];
    private readonly CrowdingPrices _crowding;
    private readonly long _capacityMilli;
    private WorthTables _tables;
    private bool _pricesStale;

    /// <param name="nodes">In the fixed order that breaks ties.</param>
    public PlacementBook(IReadOnlyList<NodeShape> nodes, RequestMix mix)
        : this(nodes, shapes => new WorthTables(shapes, mix))
    {
        ArgumentNullException.ThrowIfNull(mix);
        for (var node = 0; node < _rooms.Length; node++)
        {
            Enter(node);
        }
    }

    private PlacementBook(IReadOnlyList<NodeShape> nodes, Func<NodeShape[], WorthTables> tables)
    {
        ArgumentNullException.ThrowIfNull(nodes);
        _shapes = [.. nodes.Distinct()];
        var index = _shapes.Select((shape, i) => (shape, i)).ToDictionary(p => p.shape, p => p.i);
        _shapeOf = [.. nodes.Select(n => index[n])];
        _tables = tables(_shapes);
        _rooms = [.. nodes.Select(n => new NodeRoom(n))];
        _states = new StateTable(_shapes.Length);
        _crowding = new CrowdingPrices(_shapes.Length);
        _capacityMilli = nodes.Sum(n => n.Devices * 1000L);
    }

    /// <summary>The book of a stock: what a node has left is told by <see cref="Load"/>, at first for every node.</summary>
    internal static PlacementBook Of(IReadOnlyList<NodeShape> nodes, string[] chips, TypicalWork typical) =>
        new(nodes, shapes => TableCache.Of(typical, shapes, chips));

    public int NodeCount => _rooms.Length;

    /// <summary>Distinct states at present.</summary>
    public int StateCount => _states.Live.Count;

    internal int KindCount => _kinds.Count;

    /// <summary>New tables for a mix that has drifted. Nothing placed is lost.</summary>
    public void Learn(RequestMix mix)
    {
        ArgumentNullException.ThrowIfNull(mix);
        Learn(new WorthTables(_shapes, mix));
    }

    /// <summary>The same, of what is typically asked for on the classes of these names.</summary>
    public void Learn(TypicalWork typical, IEnumerable<string> chips)
    {
        ArgumentNullException.ThrowIfNull(typical);
        Learn(TableCache.Of(typical, _shapes, [.. chips]));
    }

    private void Learn(WorthTables tables)
    {
        _tables = tables;
        _states.Revalue(_tables);
        _crowding.Recount(_rooms, _shapeOf, _tables);
        _pricesStale = true;
    }

    /// <summary>The id of a kind of request; equal requests have equal ids for the life of the book.</summary>
    public int KindOf(PlacementRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (!_kindOf.TryGetValue(request, out var kind))
        {
            kind = _kinds.Count;
            _kindOf.Add(request, kind);
            _kinds.Add(new RequestKind(request, [.. _shapes.Select(request.FitsEmpty)]));
        }
        return kind;
    }

    /// <summary>The place where the others lose least at today's prices, or null where the request fits nowhere.</summary>
    /// <param name="kind">See <see cref="KindOf"/>.</param>
    /// <param name="chips">Only nodes of these chip classes; none = any.</param>
    public PlacementChoice? Best(int kind, ReadOnlySpan<int> chips = default)
    {
        RefreshPrices();
        return BestAtPrices(kind, chips);
    }

    /// <summary>The same at the prices of the last refresh: all members of a gang are placed at one price.</summary>
    internal PlacementChoice? BestAtPrices(int kind, ReadOnlySpan<int> chips = default)
    {
        var asked = _kinds[kind];
        NodeState? best = null;
        var (bestLoss, bestGap) = (double.PositiveInfinity, 0);
        for (var shape = 0; shape < _shapes.Length; shape++)
        {
            if (!asked.Fits[shape] || (chips.Length > 0 && !chips.Contains(_shapes[shape].Chip)))
            {
                continue;
            }
            var price = _crowding.Price[shape];
            foreach (var state in _states.OfShape(shape))
            {
                if (!asked.TryLoss(state, _tables, out var loss, out var gap))
                {
                    continue;
                }
                // A product of two integers below 2^53 in IEEE arithmetic: rounded the same on every machine.
                var weighted = loss * price;
                if (weighted < bestLoss || (weighted == bestLoss && state.IsTighter(best!)))
                {
                    (best, bestLoss, bestGap) = (state, weighted, gap);
                }
            }
        }
        return best is null ? null : Choice(asked.Request, best.Nodes[0], best.Gaps, bestGap, bestLoss);
    }

    /// <summary>What the others lose when the request lands on this node (see <see cref="PlacementChoice.Loss"/>); null where it does not fit.</summary>
    public PlacementChoice? On(int node, int kind)
    {
        RefreshPrices();
        var asked = _kinds[kind];
        return _rooms[node].State is { } state && asked.Fits[state.ShapeIndex] && asked.TryLoss(state, _tables, out var loss, out var gap)
            ? Choice(asked.Request, node, state.Gaps, gap, loss * _crowding.Price[state.ShapeIndex])
            : null;
    }

    /// <summary>The chosen place and all others that the rule cannot tell from it: the order of the nodes alone decides among them.</summary>
    /// <param name="best">The answer of <see cref="Best"/> for this kind, with nothing taken or given back since.</param>
    /// <param name="byLossAlone">Leave out that of equal losses the tighter place is taken, to see what that is worth.</param>
    public IReadOnlyList<PlacementChoice> Tied(PlacementChoice best, int kind, bool byLossAlone = false)
    {
        var tied = new List<PlacementChoice>();
        var chosen = _rooms[best.Node].State!;
        for (var node = 0; node < _rooms.Length; node++)
        {
            if ((byLossAlone || _rooms[node].State?.Tightness(chosen) == 0) && On(node, kind) is { } choice && choice.Weighted == best.Weighted)
            {
                tied.Add(choice);
            }
        }
        return tied;
    }

    /// <summary>What a node's rest can still earn, at the prices of the last refresh; differences of it are losses.</summary>
    internal double Weighted(int node) => _rooms[node].State is { } state ? state.Worth * PriceOf(node) : 0;

    /// <summary>What the loss of so many pico-devices would weigh there.</summary>
    internal double PriceOf(int node) => _crowding.Price[_shapeOf[node]];

    /// <exception cref="InvalidOperationException">A device, or the node, has not so much left.</exception>
    public void Take(int node, PlacementRequest request, ReadOnlySpan<int> devices) => Change(node, request, devices, -1);

    /// <exception cref="InvalidOperationException">More is given back than was taken.</exception>
    public void Release(int node, PlacementRequest request, ReadOnlySpan<int> devices) => Change(node, request, devices, 1);

    /// <summary>Takes a lost device out of the stock, or puts it back. Leases on it stay counted.</summary>
    public void SetHealthy(int node, int device, bool healthy)
    {
        Leave(node);
        _rooms[node].SetHealthy(device, healthy);
        Enter(node);
    }

    /// <summary>What is left of a node now.</summary>
    internal void Load(int node, ClassStock stock, int at)
    {
        Leave(node);
        if (_rooms[node].Load(stock, at))
        {
            Enter(node);
        }
    }

    /// <summary>Prices follow what is left. Without a change since the last time this costs nothing.</summary>
    public void RefreshPrices()
    {
        if (_pricesStale)
        {
            _crowding.Refresh(_tables);
            _pricesStale = false;
        }
    }

    private void Change(int node, PlacementRequest request, ReadOnlySpan<int> devices, int sign)
    {
        ArgumentNullException.ThrowIfNull(request);
        Leave(node);
        try
        {
            _rooms[node].Change(request, devices, sign);
        }
        finally
        {
            Enter(node);
        }
    }

    private void Leave(int node)
    {
        if (_rooms[node].State is { } state)
        {
            _crowding.Count(_shapeOf[node], state, _tables, -1);
            _states.Leave(state, node);
            _rooms[node].State = null;
            _pricesStale = true;
        }
    }

    private void Enter(int node)
    {
        var room = _rooms[node];
        room.State = _states.Enter(_shapeOf[node], _shapes[_shapeOf[node]], room, node, _tables);
        _crowding.Count(_shapeOf[node], room.State, _tables, 1);
        _pricesStale = true;
    }

    private PlacementChoice Choice(PlacementRequest request, int node, DeviceGap[] gaps, int gap, double weighted)
    {
        var devices = request.Devices == 0 ? [] : _rooms[node].DevicesWith(gaps[gap], request.Devices);
        return new PlacementChoice(node, devices, (long)Math.Round(weighted * _capacityMilli / (CrowdingPrices.Scale * 1e9))) { Weighted = weighted };
    }
}
