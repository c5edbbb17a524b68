using Amalgam.Core.Allocation.Placement;

namespace Amalgam.Simulation.Packing;

/// <summary>The placement rule of the cloud.</summary>
public sealed class AmalgamPacking : IPackingPolicy
{
    private readonly PlacementBook _book;

    /// <param name="mix">Known beforehand, as the compared policies know it; null = learned from what arrives.</param>
    public AmalgamPacking(PackingCluster cluster, RequestMix? mix)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        _learned = mix is null ? new RequestMix() : null;
        _book = new PlacementBook(cluster.Nodes, mix ?? _learned!);
    }

    private readonly RequestMix? _learned;
    private int _asked;
    private int _relearnAt = 100;

    public PackingPlace? Place(PlacementRequest request)
    {
        _learned?.Ask(request);
        if (_learned is not null && ++_asked == _relearnAt)
        {
            _book.Learn(_learned);
            _relearnAt *= 2;
        }
        if (_book.Best(_book.KindOf(request)) is not { } choice)
        {
            return null;
        }
        _book.Take(choice.Node, request, choice.Devices.AsSpan());
        return new PackingPlace(choice.Node, choice.Devices);
    }
}
