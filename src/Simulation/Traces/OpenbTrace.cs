using System.Collections.Immutable;
using Amalgam.Core.Allocation.Placement;

namespace Amalgam.Simulation.Traces;

/// <summary>The node list of the openb cluster (Alibaba GPU-sharing trace 2023): one shape a machine, in file order.</summary>
public sealed record OpenbNodes(ImmutableArray<string> Models, ImmutableArray<NodeShape> Nodes)
{
    public long CapacityMilli => Nodes.Sum(n => n.Devices * 1000L);

    /// <exception cref="TraceException">Names file, line and field.</exception>
    public static OpenbNodes Read(string file)
    {
        var models = new List<string>();
        var nodes = ImmutableArray.CreateBuilder<NodeShape>();
        foreach (var row in TraceTable.WithHeader(file, "cpu_milli", "memory_mib", "gpu", "model").Rows)
        {
            var model = row.Text("model");
            if (!models.Contains(model))
            {
                models.Add(model);
            }
            nodes.Add(new NodeShape(models.IndexOf(model), (int)row.Whole("gpu", 0, 64), row.Whole("cpu_milli", 1), row.Whole("memory_mib", 1)));
        }
        return nodes.Any(node => node.Devices > 0)
            ? new OpenbNodes([.. models], nodes.ToImmutable())
            : throw TraceException.At(file, 0, "gpu", "there is no machine with a GPU in it");
    }
}

/// <param name="Created">Seconds from the start of the trace; -1 = not recorded.</param>
/// <param name="Deleted">As <paramref name="Created"/>.</param>
public sealed record OpenbTask(string Name, PlacementRequest Request, long Created, long Deleted);

/// <summary>The task list: what each task asks for, in order of its name, as the published experiment starts from.</summary>
public static class OpenbTasks
{
    /// <exception cref="TraceException">Names file, line and field.</exception>
    public static ImmutableArray<OpenbTask> Read(string file, OpenbNodes nodes)
    {
        var table = TraceTable.WithHeader(file, "name", "cpu_milli", "memory_mib", "num_gpu", "gpu_milli");
        var tasks = table.Rows.Select(row => Task(row, nodes)).OrderBy(t => t.Name, StringComparer.Ordinal).ToImmutableArray();
        // Tasks are drawn until so much GPU capacity has arrived: without any GPU that would never be.
        return tasks.Any(task => task.Request.DeviceMilli > 0) ? tasks : throw TraceException.At(file, 0, "num_gpu", "there is no task with a GPU in it");
    }

    private static OpenbTask Task(TraceRow row, OpenbNodes nodes)
    {
        var devices = row.Whole("num_gpu", 0, 64);
        var milli = devices == 0 ? 0 : row.Whole("gpu_milli", 1, 1000);
        if (devices > 1 && milli < 1000)
        {
            throw row.Wrong("gpu_milli", row.Text("gpu_milli"), "1000, as a task on several GPUs needs whole ones");
        }
        var request = new PlacementRequest(
            (int)(devices * milli), row.Whole("cpu_milli"), row.Whole("memory_mib"), Speeds: Speeds(row.Text("gpu_spec"), nodes));
        return new OpenbTask(row.Text("name"), request, Time(row, "creation_time"), Time(row, "deletion_time"));
    }

    private static ImmutableArray<double> Speeds(string allowed, OpenbNodes nodes)
    {
        if (allowed.Length == 0)
        {
            return default;
        }
        var names = allowed.Split('|');
        return [.. nodes.Models.Select(m => names.Contains(m) ? 1.0 : 0.0)];
    }

    private static long Time(TraceRow row, string column) => row.Text(column).Length == 0 ? -1 : (long)row.Number(column);
}
