using Amalgam.Core.Allocation;
using Amalgam.Core.Allocation.Placement;

namespace Amalgam.Simulation.Packing;

/// <summary>The placement rule of the cloud, and on request what it gains by moving one placed task when a new one does not fit.</summary>
public sealed class AmalgamPacking : IPackingPolicy
{
    /// <summary>Nodes looked at for a move: those with the most idle.</summary>
    private const int MostNodes = 24;

    private readonly PackingCluster _cluster;
    private readonly PlacementBook _book;
    private readonly RecentDemand? _recent;
    private readonly string[] _models;
    private readonly List<(PackingPlace Place, PlacementRequest Request)>[]? _tasks;
    private readonly SeededSequence? _ties;
    private readonly bool _byLossAlone;
    private TypicalWork _known = TypicalWork.Unknown;

    /// <param name="mix">Known beforehand, as the compared policies know it; null = learned from what arrives.</param>
    /// <param name="ties">Draws among the places that the rule cannot tell apart, to see how much the fixed order matters; null = the first.</param>
    /// <param name="byLossAlone">Draws among all places of equal loss, as if the rule did not take the tighter of them.</param>
    /// <param name="moves">A placed task may be moved when that makes room.</param>
    public AmalgamPacking(PackingCluster cluster, RequestMix? mix, bool moves = false, SeededSequence? ties = null, bool byLossAlone = false)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        _cluster = cluster;
        _recent = mix is null ? new RecentDemand() : null;
        _models = [.. Enumerable.Range(0, cluster.Nodes.Max(n => n.Chip) + 1).Select(chip => $"model {chip}")];
        _book = new PlacementBook(cluster.Nodes, mix ?? new RequestMix());
        (_ties, _byLossAlone) = (ties, byLossAlone);
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
        var tied = _book.Tied(best, kind, _byLossAlone);
        return tied[_ties!.Next(tied.Count)];
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

    // As the cloud learns from what is submitted to it.
    private void Learn(PlacementRequest request)
    {
        if (_recent is null)
        {
            return;
        }
        _recent.Ask(Described(request), 1);
        if (!ReferenceEquals(_known, _recent.Typical))
        {
            _known = _recent.Typical;
            _book.Learn(_known, _models);
        }
    }

    private WorkloadState Described(PlacementRequest request) => new()
    {
        Id = "",
        Name = "",
        Unit = "",
        DevicesMilli = request.DeviceMilli,
        CpuMilli = request.CpuMilli,
        RamMiB = request.RamMiB,
        Speeds = [.. _models.Select((model, chip) => new ClassSpeed(model, (int)(1_000_000 * request.SpeedOn(chip))))],
    };

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
