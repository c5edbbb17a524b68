using Amalgam.Core;
using Amalgam.Core.Workloads;

namespace Amalgam.ControlPlane.Ports;

/// <summary>What is known about chips and runtimes, and how a member is started on them.</summary>
public interface ICatalogue
{
    /// <summary>Null for a class that no catalogue file describes.</summary>
    ChipFacts? Chip(string chipClass);

    /// <summary>Every class that a catalogue file describes.</summary>
    IReadOnlyList<ChipFacts> Chips { get; }

    /// <summary>
    /// How a model would run on a class: with the runtime asked for, else the first installed one that takes it. Not fitting is an answer with its reason.
    /// <paramref name="deviceMemoryMiB"/> 0 = not known, which never refuses.
    /// </summary>
    RuntimeFit Fit(ModelFacts model, string chipClass, ServiceSpec service, int devices, long deviceMemoryMiB);

    /// <summary>The launch of one member on its lease: command, environment that selects exactly the leased devices, binding.</summary>
    Outcome<MemberLaunch> Launch(Workload workload, Lease lease, NodeObservation node, string replicaKey);
}

/// <param name="RelativeSpeed">A prior until something was measured: memory bandwidth in GB/s, null = not known.</param>
public sealed record ChipFacts(string ChipClass, string Vendor, string Name, long MemoryMiB, double? MemoryBandwidthGBps);

/// <param name="Why">One clause: why it fits or not.</param>
/// <param name="Runtime">Catalogue id; null where none fits.</param>
/// <param name="EstimatedMemoryMiB">Per device, corrected by what was observed before.</param>
/// <param name="UncorrectedMemoryMiB">The same without the correction: what observations are compared with, or the correction would undo itself.</param>
public sealed record RuntimeFit(bool Fits, string Why, string? Runtime, long EstimatedMemoryMiB, RuntimeFacts? Facts, long UncorrectedMemoryMiB = 0);

/// <param name="HealthPath">GET answers 200 when it is ready.</param>
/// <param name="Progress">It understands `x-amalgam-progress: 1`.</param>
/// <param name="UpstreamModel">The model name that it expects; null = the served name.</param>
public sealed record RuntimeFacts(string Id, string Version, string HealthPath, TimeSpan ReadyTimeout, bool Progress, string? UpstreamModel);

/// <summary>Finds and fetches model files.</summary>
public interface IModels
{
    /// <summary>The file behind `demo`, a path or `hf:OWNER/REPO/FILE`, opened and checked. A model that must be fetched first is refused with what to do.</summary>
    Outcome<ModelFacts> Resolve(string model);

    /// <summary>Begins to fetch, or joins a fetch that runs; returns at once with how far it is.</summary>
    Outcome<ModelFetch> Fetch(string model);
}

/// <param name="Key">Identity for measured speeds and memory.</param>
public sealed record ModelFacts(
    string Model, string Path, string Key, string SuggestedName, string Format, string Architecture, long WeightBytes, int Layers, int KeyValueHeads, int HeadWidth, int TrainedContext);

public sealed record ModelFetch(string Model, ModelFetchState State, string? Path, long BytesDone, long? BytesTotal, string? Problem);

public enum ModelFetchState
{
    Ready,
    Fetching,
    Failed,
}
