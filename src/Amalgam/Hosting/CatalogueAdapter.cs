using System.Globalization;
using Amalgam.Catalogue.Diagnosis;
using Amalgam.Catalogue.Entries;
using Amalgam.Catalogue.Estimates;
using Amalgam.Catalogue.Launching;
using Amalgam.Catalogue.Processors;
using Amalgam.ControlPlane.Ports;
using Amalgam.ControlPlane.State;
using Amalgam.Core;
using Amalgam.Core.Workloads;

namespace Amalgam.Hosting;

/// <summary>The catalogue as the control plane asks it.</summary>
internal sealed class CatalogueAdapter(Machine machine, Lazy<Cloud> cloud) : ICatalogue
{
    private const string BuiltInRuntime = "amalgam";

    /// <summary>What one core of a common server reads, GB/s: a prior that holds only until something is measured. Without vectors it cannot use it.</summary>
    private const double CoreBandwidthGBps = 20;
    private const double ScalarBandwidthGBps = 2;

    public ChipFacts? Chip(string chipClass) => machine.Chips.Find(chipClass) is { } chip
        ? new ChipFacts(chip.Id, chip.Vendor, chip.Name, chip.MemoryMiB ?? 0, chip.MemoryBandwidthGBps ?? chip.Id switch
        {
            CpuDetection.ClassId => CoreBandwidthGBps,
            CpuDetection.ScalarClassId => ScalarBandwidthGBps,
            _ => null,
        })
        : null;

    public IReadOnlyList<ChipFacts> Chips { get; } = [.. machine.Chips.Chips.Select(chip => new ChipFacts(chip.Id, chip.Vendor, chip.Name, chip.MemoryMiB ?? 0, chip.MemoryBandwidthGBps))];

    public RuntimeFit Fit(ControlPlane.Ports.ModelFacts model, string chipClass, ServiceSpec service, int devices, long deviceMemoryMiB)
    {
        if (machine.Chips.Find(chipClass) is not { } chip)
        {
            return No($"the catalogue does not know the class {chipClass}");
        }

        var refusals = new List<string>();
        foreach (var runtime in Candidates(service))
        {
            if (WhyNot(runtime, chip, model) is { } why)
            {
                refusals.Add(why);
                continue;
            }

            return Sized(runtime, model, chip, service, devices, deviceMemoryMiB);
        }

        return No(refusals.Count == 0 ? $"there is no runtime {service.Runtime}" : refusals[0]);
    }

    public Outcome<MemberLaunch> Launch(Workload workload, Lease lease, NodeObservation node, string replicaKey)
    {
        var chip = machine.Chips.Find(lease.ChipClass);
        var environment = MemberEnvironment.For(workload, lease, node, chip, machine);
        var cores = node.Devices.Where(device => lease.Devices.Contains(device.Index)).SelectMany(device => device.Cores).Order().ToList();
        if (workload.Spec.Job is { } job)
        {
            foreach (var (name, value) in job.Environment)
            {
                environment.TryAdd(name, value);
            }

            return new MemberLaunch(
                workload.Id, workload.Spec.Name, lease.Member, job.Command, environment, job.WorkingDirectory, node.Name, lease.Devices, cores, NeedsPort: false,
                TimeLimit: job.TimeLimitMs is { } limit ? TimeSpan.FromMilliseconds(limit) : null,
                Gang: workload.Spec.Members > 1 ? string.Create(CultureInfo.InvariantCulture, $"{workload.Id}-{lease.FromMs}") : null, DeviceVariables: VariablesOf(chip));
        }

        return LaunchReplica(workload, lease, node, replicaKey, environment, cores);
    }

    private Outcome<MemberLaunch> LaunchReplica(Workload workload, Lease lease, NodeObservation node, string replicaKey, Dictionary<string, string> environment, List<int> cores)
    {
        var service = workload.Spec.Service!;
        var chip = machine.Chips.Find(lease.ChipClass);
        var runtime = Candidates(service).FirstOrDefault(candidate => chip is not null && WhyNot(candidate, chip, service.ModelPath) is null);
        if (runtime is null)
        {
            return new Refusal(RefusalCodes.Unavailable, $"no installed runtime serves {service.ModelPath} on {lease.ChipClass} any more: see `amalgam doctor`");
        }

        var plan = LaunchText.Expand(runtime.Launch, new LaunchValues
        {
            Program = ProgramOf(runtime),
            Model = service.ModelPath,
            Name = workload.Spec.Name,
            Port = "{port}",
            Host = node.ListenHost,
            ContextTokens = service.Context,
            Slots = service.Slots,
            Devices = lease.Devices.Length,
            DeviceIndexes = string.Join(',', lease.Devices),
            Threads = cores.Count > 0 ? cores.Count : null,
        });
        foreach (var (name, value) in plan.Environment)
        {
            environment[name] = value;
        }

        // Each runtime reads its own variable; all of them keep the key off the command line.
        environment["AMALGAM_RUNTIME_KEY"] = environment["LLAMA_API_KEY"] = environment["VLLM_API_KEY"] = replicaKey;
        return new MemberLaunch(
            workload.Id, workload.Spec.Name, lease.Member, plan.Command, environment, null, node.Name, lease.Devices, cores, NeedsPort: true, StopSignal: runtime.StopSignal,
            DeviceVariables: VariablesOf(chip));
    }

    private static DeviceVariables? VariablesOf(ChipClass? chip) =>
        chip is { Selection.Variables: { Count: > 0 } names } ? new DeviceVariables(names, chip.Selection.UnitsPerDevice) : null;

    private RuntimeFit Sized(RuntimeEntry runtime, ControlPlane.Ports.ModelFacts model, ChipClass chip, ServiceSpec service, int devices, long deviceMemoryMiB)
    {
        var facts = new Catalogue.Estimates.ModelFacts(model.WeightBytes, model.Layers, model.KeyValueHeads, model.HeadWidth, model.TrainedContext);
        var estimate = MemoryEstimate.Of(facts, runtime.Memory, Math.Max(1, service.Context), service.Slots, devices);
        var key = new MemoryKey(model.Key, runtime.Id, chip.Id);
        var corrected = Learned(key).Apply(key, estimate);
        var why = corrected.Factor == 1 ? estimate.Explain() : $"{estimate.Explain()}; {corrected.Reason}";
        var observed = machine.Found.First(found => found.Id == runtime.Id);
        var answer = new RuntimeFacts(
            runtime.Id, observed.Version ?? "", runtime.HealthPath, TimeSpan.FromSeconds(runtime.ReadyTimeoutSeconds), runtime.Id == BuiltInRuntime, null);
        return deviceMemoryMiB > 0 && corrected.PerDeviceMiB > deviceMemoryMiB
            ? new RuntimeFit(false, string.Create(CultureInfo.InvariantCulture, $"needs {corrected.PerDeviceMiB:N0} MiB per device, it has {deviceMemoryMiB:N0} ({why})"), runtime.Id, corrected.PerDeviceMiB, null, estimate.PerDeviceMiB)
            : new RuntimeFit(true, $"{runtime.Name}: {why}", runtime.Id, corrected.PerDeviceMiB, answer, estimate.PerDeviceMiB);
    }

    private MemoryCorrection Learned(MemoryKey key) => cloud.Value.Read(state => state.Memory(key.Model, key.Runtime, key.Class))
        .Aggregate(MemoryCorrection.None, (learned, seen) => learned.Observe(key, (int)seen.EstimatedMiB, (int)seen.UsedMiB));

    /// <summary>The one asked for, or all installed ones: our own first, because it is proved on this machine by the tests that came with it.</summary>
    private IEnumerable<RuntimeEntry> Candidates(ServiceSpec service) => machine.Runtimes.Runtimes
        .Where(runtime => service.Runtime is null || runtime.Id == service.Runtime)
        .OrderByDescending(runtime => runtime.BuiltIn)
        .ThenByDescending(runtime => machine.Found.Any(found => found.Id == runtime.Id && found.Usable));

    private string? WhyNot(RuntimeEntry runtime, ChipClass chip, ControlPlane.Ports.ModelFacts model) =>
        WhyNotHere(runtime, chip) ?? RuntimeMatch.WhyNotModel(runtime, model.Format, model.Architecture);

    private string? WhyNot(RuntimeEntry runtime, ChipClass chip, string path) =>
        WhyNotHere(runtime, chip) ?? (GgufFacts.Read(path, path, "").Value is { } model ? RuntimeMatch.WhyNotModel(runtime, model.Format, model.Architecture) : "the model file is gone");

    private string? WhyNotHere(RuntimeEntry runtime, ChipClass chip)
    {
        var found = machine.Found.FirstOrDefault(observed => observed.Id == runtime.Id);
        return found is null || !found.Found ? found?.Reason ?? $"{runtime.Name} is not installed"
            : runtime.Launch.Files.Count > 0 || runtime.Launch.AfterReady.Count > 0 ? $"{runtime.Name} needs steps around its start that the local engine does not take yet"
            : RuntimeMatch.WhyNotOn(runtime, found.Version, chip);
    }

    private string ProgramOf(RuntimeEntry runtime) => runtime.BuiltIn ? Environment.ProcessPath! : machine.Found.First(found => found.Id == runtime.Id).Path!;

    private static RuntimeFit No(string why) => new(false, why, null, 0, null);
}
