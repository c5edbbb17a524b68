namespace Amalgam.Simulation.Scenarios;

/// <summary>Milli-devices by unit and class, whole subtrees counted.</summary>
internal sealed class Holdings
{
    private readonly SortedDictionary<(string Unit, string Chip), long> _milli = [];

    public IEnumerable<KeyValuePair<(string Unit, string Chip), long>> All => _milli;

    public long Of(string unit, string chip) => _milli.GetValueOrDefault((unit, chip));

    public static Holdings Of(VirtualCloud cloud)
    {
        var holdings = new Holdings();
        var parents = cloud.Units.ToDictionary(unit => unit.Name, unit => unit.Parent, StringComparer.Ordinal);
        foreach (var workload in cloud.Workloads)
        {
            foreach (var (placement, _) in workload.Members)
            {
                var milli = placement.MilliPerDevice * placement.Devices.Length;
                for (var unit = workload.Described.State.Unit; unit is not null; unit = parents[unit])
                {
                    var key = (unit, cloud.ChipOf(placement.Node));
                    holdings._milli[key] = holdings._milli.GetValueOrDefault(key) + milli;
                }
            }
        }

        return holdings;
    }
}
