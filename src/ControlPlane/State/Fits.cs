using System.Collections.Concurrent;
using System.Collections.Immutable;
using Amalgam.ControlPlane.Ports;
using Amalgam.Core.Allocation;
using Amalgam.Core.Cloud;
using Amalgam.Core.Workloads;

namespace Amalgam.ControlPlane.State;

/// <summary>Which chip classes a workload can use, and how fast each is for it.</summary>
public sealed class Fits(ICatalogue catalogue, IModels models)
{
    private const int Million = 1_000_000;
    private volatile JobSpeeds? _jobs;

    /// <summary>Speed per class present in the pool, the best one 1 000 000; classes that cannot run it are left out.</summary>
    public ImmutableArray<ClassSpeed> Speeds(CloudState state, WorkloadSpec spec, IReadOnlyList<NodeObservation> nodes)
    {
        ArgumentNullException.ThrowIfNull(spec);
        if (spec.IsService)
        {
            return Found(state, spec, nodes);
        }

        // Jobs of one kind have one answer as long as the pool is the same.
        var jobs = _jobs is { } known && ReferenceEquals(known.Nodes, nodes) ? known : _jobs = new JobSpeeds(nodes, new());
        return jobs.Speeds.GetOrAdd((string.Join(',', spec.Chips), spec.MemoryMiB, spec.DevicesMilli), _ => Found(state, spec, nodes));
    }

    private ImmutableArray<ClassSpeed> Found(CloudState state, WorkloadSpec spec, IReadOnlyList<NodeObservation> nodes)
    {
        var classes = Considered(state, spec, nodes).Where(chip => chip.Fit.Fits).ToList();
        var best = classes.Count == 0 ? 0 : classes.Max(chip => chip.Rate);
        return [.. classes.Select(chip => new ClassSpeed(chip.ChipClass, best > 0 ? Math.Max(1, (int)(chip.Rate / best * Million)) : Million))];
    }

    /// <summary>Every class of the pool in order of name, with why it fits or not.</summary>
    public IReadOnlyList<ClassFit> Considered(CloudState state, WorkloadSpec spec, IReadOnlyList<NodeObservation> nodes)
    {
        var model = spec.Service is { } service ? models.Resolve(service.Model).Value : null;
        var known = new List<ClassFit>();
        foreach (var group in nodes.GroupBy(node => node.ChipClass, StringComparer.Ordinal).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            var refusal = !group.All(node => node.Simulated) ? null
                : spec.IsService ? "simulated: nothing would answer there"
                : spec.Chips.IsEmpty ? "simulated: no program runs there, so it is used only when it is named (--chips)"
                : null;
            known.Add(refusal is not null
                ? new ClassFit(group.Key, new RuntimeFit(false, refusal, null, 0, null), 0, null, 1)
                : Consider(state, spec, model, group.Key, group.Max(node => node.MemoryMiBPerDevice)));
        }

        return Rated(state, known, model);
    }

    private sealed record JobSpeeds(IReadOnlyList<NodeObservation> Nodes, ConcurrentDictionary<(string Chips, long MemoryMiB, long DevicesMilli), ImmutableArray<ClassSpeed>> Speeds);

    private ClassFit Consider(CloudState state, WorkloadSpec spec, ModelFacts? model, string chipClass, long memoryMiB)
    {
        var devices = (int)Math.Max(1, spec.DevicesMilli / 1000);
        var fit = (spec.Chips.Length > 0 && !spec.Chips.Contains(chipClass, StringComparer.Ordinal), spec.Service, model) switch
        {
            (true, _, _) => new RuntimeFit(false, $"not among the chips asked for ({string.Join(", ", spec.Chips)})", null, 0, null),
            (_, null, _) when memoryMiB > 0 && spec.MemoryMiB > memoryMiB => new RuntimeFit(false, $"needs {spec.MemoryMiB} MiB per device, it has {memoryMiB}", null, spec.MemoryMiB, null),
            (_, null, _) => new RuntimeFit(true, "a command runs on any chip", null, spec.MemoryMiB, null),
            (_, _, null) => new RuntimeFit(false, $"the model file {spec.Service!.ModelPath} is gone", null, 0, null),
            _ => catalogue.Fit(model!, chipClass, spec.Service!, devices, memoryMiB),
        };
        return new ClassFit(chipClass, fit, memoryMiB, model is null ? null : state.Speed(model.Key, chipClass)?.DecodeMilliTokensPerSecond / 1000.0, 1);
    }

    /// <summary>Measured speed where there is one; else scaled from a measured class by memory bandwidth, which bounds token generation; else all alike.</summary>
    private List<ClassFit> Rated(CloudState state, List<ClassFit> classes, ModelFacts? model)
    {
        if (model is null)
        {
            return classes;
        }

        double? Bandwidth(string chipClass) => catalogue.Chip(chipClass)?.MemoryBandwidthGBps;
        var anchor = classes.Find(chip => chip.TokensPerSecond is > 0);
        return classes.ConvertAll(chip => chip with
        {
            Rate = chip.TokensPerSecond
                ?? (anchor is not null && Bandwidth(chip.ChipClass) is { } here && Bandwidth(anchor.ChipClass) is > 0 and { } there
                    ? anchor.TokensPerSecond!.Value * here / there
                    : anchor?.TokensPerSecond ?? Bandwidth(chip.ChipClass) ?? 1),
        });
    }
}

/// <param name="TokensPerSecond">Measured; null = not yet.</param>
/// <param name="Rate">In whatever unit all classes of one answer share.</param>
public sealed record ClassFit(string ChipClass, RuntimeFit Fit, long DeviceMemoryMiB, double? TokensPerSecond, double Rate);
