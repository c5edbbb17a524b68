using System.Collections.Immutable;

namespace Amalgam.Core.Allocation.Placement;

/// <summary>Where one member would go.</summary>
/// <param name="Node">Index of the node.</param>
/// <param name="Devices">Device indices: one for a share, lowest first otherwise.</param>
/// <param name="Loss">What the others lose by it, in millionths of a device at today's crowding prices. Comparable between nodes and chip classes.</param>
public readonly record struct PlacementChoice(int Node, ImmutableArray<int> Devices, long Loss);

/// <summary>
/// All nodes with what they have left, and the rule that picks the place where the others lose least: crowding price of the node's shape x
/// loss of worth, ties to the first node. A decision looks at each distinct state once, never at each node; losses are kept per kind of request
/// and state, and prices only multiply them, so a new price forgets nothing. One thread; equal calls give equal answers on every machine.
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
    private long _movedMilli;

    /// <param name="nodes">In the fixed order that breaks ties.</param>
    public PlacementBook(IReadOnlyList<NodeShape> nodes, RequestMix mix)
    {
        ArgumentNullException.ThrowIfNull(nodes);
        ArgumentNullException.ThrowIfNull(mix);
        _shapes = [.. nodes.Distinct()];
        var index = _shapes.Select((shape, i) => (shape, i)).ToDictionary(p => p.shape, p => p.i);
        _shapeOf = [.. nodes.Select(n => index[n])];
        _tables = new WorthTables(_shapes, mix);
        _rooms = [.. nodes.Select(n => new NodeRoom(n))];
        _states = new StateTable(_shapes.Length);
        _crowding = new CrowdingPrices(_shapes.Length);
        for (var node = 0; node < _rooms.Length; node++)
        {
            Enter(node);
        }
        _capacityMilli = nodes.Sum(n => n.Devices * 1000L);
        RefreshPrices();
    }

    public int NodeCount => _rooms.Length;

    /// <summary>Distinct states at present.</summary>
    public int StateCount => _states.Live.Count;

    /// <summary>New tables for a mix that has drifted. Nothing placed is lost.</summary>
    public void Learn(RequestMix mix)
    {
        ArgumentNullException.ThrowIfNull(mix);
        _tables = new WorthTables(_shapes, mix);
        _states.Revalue(_tables);
        _crowding.Recount(_rooms, _shapeOf, _tables);
        RefreshPrices();
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

    /// <summary>The place where the others lose least, or null where the request fits nowhere.</summary>
    /// <param name="chip">Only nodes of this chip class; -1 = any.</param>
    /// <param name="allowed">Further restriction by node index; null = all.</param>
    public PlacementChoice? Best(int kind, int chip = -1, Func<int, bool>? allowed = null)
    {
        var asked = _kinds[kind];
        NodeState? best = null;
        var (bestNode, bestLoss, bestGap) = (int.MaxValue, double.PositiveInfinity, 0);
        for (var shape = 0; shape < _shapes.Length; shape++)
        {
            if (!asked.Fits[shape] || (chip >= 0 && _shapes[shape].Chip != chip))
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
                if (weighted > bestLoss || FirstNode(state, allowed) is not { } node || (weighted == bestLoss && node > bestNode))
                {
                    continue;
                }
                (best, bestNode, bestLoss, bestGap) = (state, node, weighted, gap);
            }
        }
        return best is null ? null : Choice(asked.Request, bestNode, best.Gaps, bestGap, bestLoss);
    }

    /// <summary>What the others lose when the request lands on this node (see <see cref="PlacementChoice.Loss"/>); null where it does not fit.</summary>
    public PlacementChoice? On(int node, int kind)
    {
        var asked = _kinds[kind];
        var state = _rooms[node].State!;
        return asked.Fits[state.ShapeIndex] && asked.TryLoss(state, _tables, out var loss, out var gap)
            ? Choice(asked.Request, node, state.Gaps, gap, loss * _crowding.Price[state.ShapeIndex])
            : null;
    }

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

    /// <summary>Prices follow the stock by themselves after every percent of it that changes hands; a cycle may ask for it at its start.</summary>
    public void RefreshPrices()
    {
        _crowding.Refresh(_tables);
        _movedMilli = 0;
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
        _movedMilli += request.DeviceMilli;
        if (_movedMilli * 100 > _capacityMilli)
        {
            RefreshPrices();
        }
    }

    private void Leave(int node)
    {
        _crowding.Count(_shapeOf[node], _rooms[node].State!, _tables, -1);
        _states.Leave(_rooms[node].State!, node);
    }

    private void Enter(int node)
    {
        var room = _rooms[node];
        room.State = _states.Enter(_shapeOf[node], _shapes[_shapeOf[node]], room, node, _tables);
        _crowding.Count(_shapeOf[node], room.State, _tables, 1);
    }

    private static int? FirstNode(NodeState state, Func<int, bool>? allowed)
    {
        if (allowed is null)
        {
            return state.Nodes[0];
        }
        foreach (var node in state.Nodes)
        {
            if (allowed(node))
            {
                return node;
            }
        }
        return null;
    }

    private PlacementChoice Choice(PlacementRequest request, int node, DeviceGap[] gaps, int gap, double weighted)
    {
        var devices = request.Devices == 0 ? [] : _rooms[node].DevicesWith(gaps[gap], request.Devices);
        return new PlacementChoice(node, devices, (long)Math.Round(weighted * _capacityMilli / (CrowdingPrices.Scale * 1e9)));
    }
}
