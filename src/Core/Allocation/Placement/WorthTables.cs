namespace Amalgam.Core.Allocation.Placement;

/// <summary>
/// What free resources can still earn, for one mix of requests: per node shape and per point of a fixed grid of (core price, RAM price) a
/// table over the gap of a device. Amounts are pico-devices (1e-12), integers, so that worth, loss and ties are exact.
/// </summary>
internal sealed class WorthTables
{
    public const double Pico = 1e12;

    /// <summary>Charge for opening a device: a share's reward lies so much below its cost.</summary>
    private const double OpenDevice = 0.04;

    /// <summary>Part of every reward that is paid by its cores.</summary>
    private const double CorePart = 0.05;

    /// <summary>Devices; charge per untouched device on an opened node. 0 would scatter small work over all nodes.</summary>
    private const double OpenNode = 0.002;

    public static readonly long OpenNodePico = (long)(OpenNode * Pico);

    private readonly NodeShape[] _shapes;
    private readonly MixKind[] _kinds;
    private readonly double[] _sizePrices;

    public WorthTables(IReadOnlyList<NodeShape> shapes, RequestMix mix)
    {
        _shapes = [.. shapes];
        _kinds = MixKind.Of(mix, _shapes);
        var cores = _kinds.Sum(k => k.Frequency * k.Request.CpuMilli);
        var ram = _kinds.Sum(k => k.Frequency * k.Request.RamMiB);
        var demand = new double[101];
        foreach (var kind in _kinds)
        {
            demand[kind.Size] += kind.Frequency * kind.Request.Devices;
        }
        _sizePrices = SizePrices.Solve(demand);
        for (var g = 1; g < 100; g++)
        {
            _sizePrices[g] *= 1 - OpenDevice;
        }
        Points = Grid(cores, ram);
        Gap = GapValues();
        foreach (var kind in _kinds)
        {
            kind.Reward = kind.Request.Devices * (1 - CorePart) * _sizePrices[kind.Size]
                + (cores > 0 ? CorePart * kind.Request.CpuMilli / cores : 0);
        }
        Tables = new long[_shapes.Length][];
        for (var s = 0; s < _shapes.Length; s++)
        {
            Tables[s] = TableOf(s);
        }
        Groups = CrowdingGroup.Of(_kinds, _sizePrices);
    }

    /// <summary>Pico-devices per milli-core and per MiB.</summary>
    public (long Core, long Ram)[] Points { get; }

    /// <summary>[point x 101 + gap in hundredths] per shape.</summary>
    public long[][] Tables { get; }

    /// <summary>Devices that a gap is worth by size prices alone.</summary>
    public double[] Gap { get; }

    public CrowdingGroup[] Groups { get; }

    private static (long, long)[] Grid(double cores, double ram)
    {
        var points = new List<(long, long)> { (0, 0) };
        for (double k = 0, x = 0.05; k <= 8; k++, x *= 1.5)
        {
            var (perCore, perRam) = (cores > 0 ? x / cores * Pico : 0, ram > 0 ? x / ram * Pico : 0);
            points.Add(((long)perCore, 0));
            points.Add((0, (long)perRam));
            points.Add(((long)(perCore / 2), (long)(perRam / 2)));
        }
        return [.. points.Distinct()];
    }

    private double[] GapValues()
    {
        var values = new double[101];
        for (var u = 1; u < 100; u++)
        {
            values[u] = values[u - 1];
            for (var g = 1; g <= u; g++)
            {
                values[u] = _sizePrices[g] > 0 ? Math.Max(values[u], values[u - g] + _sizePrices[g]) : values[u];
            }
        }
        values[100] = 1;
        return values;
    }

    private long[] TableOf(int shape)
    {
        var table = new long[Points.Length * 101];
        var sizes = _kinds.Select(k => k.Size).Where(g => g < 100).Distinct().Order().ToArray();
        for (var p = 0; p < Points.Length; p++)
        {
            var earnings = EarningsBySize(shape, Points[p]);
            var best = new double[101];
            for (var u = 1; u <= 100; u++)
            {
                best[u] = best[u - 1];
                for (var k = 0; k < sizes.Length && sizes[k] <= u; k++)
                {
                    best[u] = Math.Max(best[u], best[u - sizes[k]] + earnings[sizes[k]]);
                }
            }
            // An untouched device is worth a whole one: no opening charge has been paid for it yet.
            best[100] = Math.Max(best[100] / (1 - OpenDevice), earnings[100]);
            for (var u = 0; u <= 100; u++)
            {
                table[p * 101 + u] = (long)(best[u] * Pico);
            }
        }
        return table;
    }

    // The mean over the kinds of a size, not the best: the next request is drawn from all of them.
    private double[] EarningsBySize(int shape, (long Core, long Ram) point)
    {
        var (earned, wanted) = (new double[101], new double[101]);
        foreach (var kind in _kinds)
        {
            var speed = kind.SpeedOn[shape];
            if (speed <= 0)
            {
                continue;
            }
            var core = _shapes[shape].CpuMilli > 0 ? point.Core / Pico * kind.Request.CpuMilli : 0;
            var ram = _shapes[shape].RamMiB > 0 ? point.Ram / Pico * kind.Request.RamMiB : 0;
            earned[kind.Size] += kind.Frequency * Math.Max(0, kind.Reward * speed - core - ram);
            wanted[kind.Size] += kind.Frequency * kind.Request.Devices;
        }
        for (var g = 0; g <= 100; g++)
        {
            earned[g] = wanted[g] > 0 ? earned[g] / wanted[g] : 0;
        }
        return earned;
    }
}
