namespace Amalgam.Core.Allocation.Placement;

/// <summary>A kind of request with devices, its frequency scaled so that all kinds together want one device.</summary>
internal sealed class MixKind
{
    private MixKind(PlacementRequest request, double frequency, NodeShape[] shapes)
    {
        Request = request;
        Frequency = frequency;
        SpeedOn = [.. shapes.Select(s => request.FitsEmpty(s) ? request.SpeedOn(s.Chip) : 0)];
        Size = request.IsShare ? (request.DeviceMilli + 9) / 10 : 100;
    }

    public PlacementRequest Request { get; }

    public double Frequency { get; }

    /// <summary>Hundredths of each device.</summary>
    public int Size { get; }

    /// <summary>Per node shape; 0 where not even an empty node could host it.</summary>
    public double[] SpeedOn { get; }

    public double Reward { get; set; }

    /// <summary>Without any request to learn from, mostly whole devices are expected, each with half of its share of cores and RAM.</summary>
    public static MixKind[] Of(RequestMix mix, NodeShape[] shapes)
    {
        var kinds = mix.Kinds.Where(k => k.Request.DeviceMilli > 0 && k.Weight > 0 && shapes.Any(k.Request.FitsEmpty)).ToList();
        if (kinds.Count == 0)
        {
            kinds.AddRange(shapes.Where(s => s.Devices > 0).SelectMany(Expected));
        }
        var devices = kinds.Sum(k => k.Weight * k.Request.DeviceMilli / 1000.0);
        return [.. kinds.Select(k => new MixKind(k.Request, k.Weight / devices, shapes))];
    }

    private static IEnumerable<(PlacementRequest Request, double Weight)> Expected(NodeShape shape)
    {
        foreach (var (milli, weight) in ((int, double)[])[(1000, 8), (500, 1), (250, 1)])
        {
            yield return (new PlacementRequest(milli, Half(shape.CpuMilli), Half(shape.RamMiB)), weight);
            long Half(long amount) => amount * milli / (2000L * shape.Devices);
        }
    }
}

/// <summary>Kinds that could run on the same shapes at the same speeds: they compete for the same supply.</summary>
internal sealed class CrowdingGroup
{
    /// <summary>Devices of demand per device of all demand, at size prices.</summary>
    public double Demand { get; private set; }

    public required double[] SpeedOn { get; init; }

    public static CrowdingGroup[] Of(MixKind[] kinds, double[] sizePrices)
    {
        var groups = new List<CrowdingGroup>();
        foreach (var kind in kinds)
        {
            var group = groups.Find(g => g.SpeedOn.AsSpan().SequenceEqual(kind.SpeedOn));
            if (group is null)
            {
                group = new CrowdingGroup { SpeedOn = kind.SpeedOn };
                groups.Add(group);
            }
            group.Demand += kind.Frequency * kind.Request.Devices * sizePrices[kind.Size];
        }
        return [.. groups];
    }
}
