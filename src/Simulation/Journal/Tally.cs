using Amalgam.Core.Allocation;

namespace Amalgam.Simulation.Journal;

/// <summary>What one run came to, added up by unit and chip class. Amounts of use in milli-device-milliseconds.</summary>
internal sealed class Tally
{
    /// <summary>The class of a workload that never started.</summary>
    public const string Never = "(never started)";

    private readonly SortedDictionary<(string Unit, string Chip), ClassTally> _classes = [];
    private readonly SortedDictionary<string, UnitTally> _units = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<(string Unit, string Chip), ClassTally> Classes => _classes;

    public IReadOnlyDictionary<string, UnitTally> Units => _units;

    /// <summary>Healthy stock over time, by class.</summary>
    public SortedDictionary<string, Int128> Stock { get; } = new(StringComparer.Ordinal);

    /// <summary>Workloads that wait, at every instant at which that changed.</summary>
    public List<(long AtMs, int Waiting)> Queue { get; } = [];

    public long Cycles { get; set; }

    public ClassTally Of(string unit, string chip)
    {
        if (!_classes.TryGetValue((unit, chip), out var tally))
        {
            _classes[(unit, chip)] = tally = new ClassTally();
        }

        return tally;
    }

    public UnitTally Of(string unit)
    {
        if (!_units.TryGetValue(unit, out var tally))
        {
            _units[unit] = tally = new UnitTally();
        }

        return tally;
    }

    public void AddStock(IEnumerable<NodeState> nodes, long spanMs)
    {
        foreach (var node in nodes.Where(node => node.Healthy))
        {
            Stock[node.ChipClass] = Stock.GetValueOrDefault(node.ChipClass) + ((Int128)(node.Devices - node.UnhealthyDevices.Length) * 1000 * spanMs);
        }
    }

    public void Waits(long atMs, int waiting)
    {
        if (Queue.Count == 0 || Queue[^1].Waiting != waiting)
        {
            Queue.Add((atMs, waiting));
        }
    }
}

internal sealed class ClassTally
{
    /// <summary>Of the workloads that first started on this class, in milliseconds.</summary>
    public List<long> WaitsMs { get; } = [];

    public int Evictions { get; set; }

    public Int128 Held { get; set; }

    /// <summary>Held less than guaranteed while a workload that can use the class waited.</summary>
    public Int128 Short { get; set; }

    /// <summary>Times nano-units per device-hour, so that nothing is rounded before the end.</summary>
    public Int128 HeldTimesPrice { get; set; }
}

internal sealed class UnitTally
{
    public List<long> WaitsMs { get; } = [];

    public int Completed { get; set; }

    public int Unfinished { get; set; }

    public int Evictions { get; set; }

    public int Moves { get; set; }

    /// <summary>Use times speed, without what was lost by evictions.</summary>
    public Int128 Work { get; set; }
}
