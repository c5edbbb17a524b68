using Amalgam.Core.Allocation.Placement;

namespace Amalgam.Simulation.Packing;

/// <summary>The placement rule of the cloud, and on request what it gains by moving one placed task when a new one does not fit.</summary>
public sealed class AmalgamPacking : IPackingPolicy
{
    /// <summary>Nodes looked at for a move: those with the most idle.</summary>
    private const int MostNodes = 24;

    private readonly PackingCluster _cluster;
    private readonly PlacementBook _book;
    private readonly RequestMix? _learned;
    private readonly List<(PackingPlace Place, PlacementRequest Request)>[]? _tasks;
    private readonly SeededSequence? _ties;
    private int _asked;
    private int _relearnAt = 10;

    /// <param name="mix">Known beforehand, as the compared policies know it; null = learned from what arrives.</param>
    /// <param name="ties">Draws among places of equal loss, to see how much the fixed order matters; null = the first.</param>
    /// <param name="moves">A placed task may be moved when that makes room.</param>
    public AmalgamPacking(PackingCluster cluster, RequestMix? mix, bool moves = false, SeededSequence? ties = null)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        _cluster = cluster;
        _learned = mix is null ? new RequestMix(halfLifeRequests: 20_000) : null;
        _book = new PlacementBook(cluster.Nodes, mix ?? _learned!);
        _ties = ties;
        _tasks = moves ? [.. cluster.Nodes.Select(_ => new List<(PackingPlace, PlacementRequest)>())] : null;
    }

    public PackingPlace? Place(PlacementRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        Learn(request);
        if (_book.Best(_book.KindOf(request)) is not { } choice)
        {
            return _tasks is not null && request.DeviceMilli > 0 ? PlaceByMoving(request) : null;
        }
        return Take(_ties is null ? choice : OneOfTheTied(choice, _book.KindOf(request)), request);
    }

    private PlacementChoice OneOfTheTied(PlacementChoice best, int kind)
    {
        var tied = Enumerable.Range(0, _book.NodeCount).Select(n => _book.On(n, kind)).Where(c => c?.Loss == best.Loss).ToArray();
        return tied[_ties!.Next(tied.Length)]!.Value;
    }

    public void Returned(PackingPlace place, PlacementRequest request)
    {
        _book.Release(place.Node, request, place.Devices.AsSpan());
        _tasks?[place.Node].Remove((place, request));
    }

    private PackingPlace Take(PlacementChoice choice, PlacementRequest request)
    {
        _book.Take(choice.Node, request, choice.Devices.AsSpan());
        var place = new PackingPlace(choice.Node, choice.Devices);
        _tasks?[choice.Node].Add((place, request));
        return place;
    }

    private void Learn(PlacementRequest request)
    {
        _learned?.Ask(request);
        if (_learned is not null && ++_asked == _relearnAt)
        {
            _book.Learn(_learned);
            _relearnAt *= 2;
        }
    }

    private PackingPlace? PlaceByMoving(PlacementRequest request)
    {
        var candidates = Enumerable.Range(0, _cluster.Nodes.Length)
            .Where(n => request.FitsEmpty(_cluster.Nodes[n]) && IdleMilli(n) > 0)
            .OrderByDescending(IdleMilli).ThenBy(n => n).Take(MostNodes);
        foreach (var node in candidates)
        {
            foreach (var (place, task) in _tasks![node].ToArray())
            {
                if (TryMove(place, task, request) is { } found)
                {
                    return found;
                }
            }
        }
        return null;
    }

    private long IdleMilli(int node)
    {
        long sum = 0;
        foreach (var idle in _cluster.Idle(node))
        {
            sum += idle;
        }
        return sum;
    }

    // The new task lands where the old one made room, and the old one somewhere else; or nothing happens.
    private PackingPlace? TryMove(PackingPlace place, PlacementRequest task, PlacementRequest request)
    {
        _book.Release(place.Node, task, place.Devices.AsSpan());
        if (_book.On(place.Node, _book.KindOf(request)) is { } here)
        {
            _book.Take(here.Node, request, here.Devices.AsSpan());
            if (_book.Best(_book.KindOf(task)) is { } elsewhere)
            {
                _tasks![place.Node].Remove((place, task));
                var to = Take(elsewhere, task);
                _cluster.Move(place, to, task);
                var landed = new PackingPlace(here.Node, here.Devices);
                _tasks[here.Node].Add((landed, request));
                return landed;
            }
            _book.Release(here.Node, request, here.Devices.AsSpan());
        }
        _book.Take(place.Node, task, place.Devices.AsSpan());
        return null;
    }
}
