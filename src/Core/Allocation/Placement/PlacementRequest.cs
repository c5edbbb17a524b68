using System.Collections.Immutable;

namespace Amalgam.Core.Allocation.Placement;

/// <summary>A class of equal nodes. 0 cores, 0 RAM or 0 device memory = not a constraint there.</summary>
/// <param name="Chip">Index of the chip class.</param>
/// <param name="MemoryMiB">Per device.</param>
public readonly record struct NodeShape(int Chip, int Devices, long CpuMilli = 0, long RamMiB = 0, long MemoryMiB = 0);

/// <summary>What one member of a workload takes on one node.</summary>
/// <param name="DeviceMilli">Below 1000: a share of one device. Otherwise whole devices, 1000 each. 0: cores and RAM only.</param>
/// <param name="MemoryMiB">On each of its devices.</param>
/// <param name="Speeds">Per chip class; 0 = cannot run there. Empty = anywhere at speed 1.</param>
public sealed record PlacementRequest(
    int DeviceMilli, long CpuMilli = 0, long RamMiB = 0, long MemoryMiB = 0, ImmutableArray<double> Speeds = default)
{
    public bool IsShare => DeviceMilli is > 0 and < 1000;

    /// <summary>Devices touched: 1 for a share.</summary>
    public int Devices => IsShare ? 1 : DeviceMilli / 1000;

    public double SpeedOn(int chip) => Speeds.IsDefaultOrEmpty ? 1 : Speeds[chip];

    /// <summary>Hundredths of each of its devices that it takes on this shape: the larger of its share of time and of memory.</summary>
    public int Size(NodeShape shape)
    {
        var share = IsShare ? (DeviceMilli + 9) / 10 : 100;
        var memory = shape.MemoryMiB > 0 ? (int)Math.Min(100, (MemoryMiB * 100 + shape.MemoryMiB - 1) / shape.MemoryMiB) : 0;
        return Math.Max(share, memory);
    }

    public bool FitsEmpty(NodeShape shape) =>
        SpeedOn(shape.Chip) > 0 && Devices <= shape.Devices
        && (shape.CpuMilli == 0 || CpuMilli <= shape.CpuMilli)
        && (shape.RamMiB == 0 || RamMiB <= shape.RamMiB)
        && (shape.MemoryMiB == 0 || MemoryMiB <= shape.MemoryMiB);

    public bool Equals(PlacementRequest? other) =>
        other is not null && DeviceMilli == other.DeviceMilli && CpuMilli == other.CpuMilli && RamMiB == other.RamMiB
        && MemoryMiB == other.MemoryMiB && SpeedSpan.SequenceEqual(other.SpeedSpan);

    public override int GetHashCode()
    {
        var hash = HashCode.Combine(DeviceMilli, CpuMilli, RamMiB, MemoryMiB);
        foreach (var speed in SpeedSpan)
        {
            hash = hash * 31 + speed.GetHashCode();
        }
        return hash;
    }

    private ReadOnlySpan<double> SpeedSpan => Speeds.IsDefault ? [] : Speeds.AsSpan();
}

/// <summary>How often each kind of request is asked for. Requests count, not placements, or refused kinds would fade from the mix.</summary>
public sealed class RequestMix
{
    private readonly Dictionary<PlacementRequest, double> _weights = [];
    private readonly List<PlacementRequest> _order = [];
    private readonly double _growth;
    private double _next = 1;

    /// <param name="halfLifeRequests">After so many requests an old one counts half; 0 = never forgets.</param>
    public RequestMix(int halfLifeRequests = 0) => _growth = halfLifeRequests > 0 ? 1 + 0.6931471805599453 / halfLifeRequests : 1;

    /// <summary>Kinds in the order of their first request, with their weight.</summary>
    public IEnumerable<(PlacementRequest Request, double Weight)> Kinds => _order.Select(r => (r, _weights[r]));

    public int Count => _order.Count;

    public void Ask(PlacementRequest request, double times = 1)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (!_weights.TryAdd(request, times * _next))
        {
            _weights[request] += times * _next;
        }
        else
        {
            _order.Add(request);
        }
        _next *= _growth;
        if (_next > 1e100)
        {
            Rescale();
        }
    }

    private void Rescale()
    {
        foreach (var request in _order)
        {
            _weights[request] /= _next;
        }
        _next = 1;
    }
}
