using System.Collections.Immutable;
using Amalgam.Core.Allocation;
using Amalgam.Simulation.Traces;

namespace Amalgam.Simulation.Sharing;

/// <summary>Clusters out of the machines of a node list, with their sizes, cores and RAM, in place of nodes of eight devices each.</summary>
/// <param name="file">Where the list was read.</param>
public sealed class MachineList(OpenbNodes list, string file)
{
    /// <summary>Machines of each class in file order, again from the start where the list is used up, the last cut to what is left.</summary>
    /// <param name="devices">Per class of <see cref="PhillyCluster.Classes"/>.</param>
    /// <exception cref="TraceException">The list has no machine of a class that is needed.</exception>
    public ImmutableArray<NodeState> Of(IReadOnlyList<int> devices)
    {
        ArgumentNullException.ThrowIfNull(devices);
        var nodes = ImmutableArray.CreateBuilder<NodeState>();
        for (var c = 0; c < devices.Count; c++)
        {
            var machines = list.Nodes.Where(node => node.Devices > 0 && PhillyCluster.ClassOf(list.Models[node.Chip]) == c).ToList();
            if (devices[c] > 0 && machines.Count == 0)
            {
                throw TraceException.At(file, 0, "model", $"there is no machine with {PhillyCluster.ModelsOf(c)}, and the cluster has {devices[c]} such devices ({PhillyCluster.Classes[c]})");
            }
            for (int left = devices[c], n = 0; left > 0; n++)
            {
                var machine = machines[n % machines.Count];
                var here = Math.Min(left, machine.Devices);
                nodes.Add(new NodeState
                {
                    Name = $"{PhillyCluster.Classes[c]}-{n + 1}",
                    ChipClass = PhillyCluster.Classes[c],
                    Devices = here,
                    CpuMilli = machine.CpuMilli * here / machine.Devices,
                    RamMiB = machine.RamMiB * here / machine.Devices,
                });
                left -= here;
            }
        }
        return nodes.ToImmutable();
    }
}

/// <summary>Over how many nodes gangs are spread, beside the fewest that could hold them were their class empty.</summary>
public sealed class GangSpread
{
    private readonly Dictionary<(string Chip, int Gang), int> _fewest = [];
    private long _gangs;
    private long _nodes;
    private long _least;

    public double NodesPerGang => (double)_nodes / Math.Max(1, _gangs);

    public double FewestPerGang => (double)_least / Math.Max(1, _gangs);

    public void See(AllocationSnapshot snapshot, AllocationPlan plan)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(plan);
        foreach (var start in plan.Decisions.OfType<StartDecision>().Where(start => start.Members.Length > 1))
        {
            _gangs++;
            _nodes += start.Members.Select(member => member.Node).Distinct().Count();
            _least += Fewest(snapshot, start.ChipClass, start.Members.Length);
        }
    }

    private int Fewest(AllocationSnapshot snapshot, string chip, int gang)
    {
        if (!_fewest.TryGetValue((chip, gang), out var fewest))
        {
            var left = gang;
            foreach (var devices in snapshot.Nodes.Where(node => node.ChipClass == chip).Select(node => node.Devices).OrderDescending())
            {
                (left, fewest) = left > 0 ? (left - devices, fewest + 1) : (left, fewest);
            }
            _fewest[(chip, gang)] = fewest;
        }
        return fewest;
    }
}
