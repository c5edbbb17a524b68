using System.Globalization;
using Amalgam.Catalogue.Entries;
using Amalgam.Catalogue.Processors;
using Amalgam.ControlPlane.Ports;
using Amalgam.Core.Workloads;

namespace Amalgam.Hosting;

/// <summary>What every member is told: who it is, which devices are its own, how wide its gang is.</summary>
internal static class MemberEnvironment
{
    public static Dictionary<string, string> For(Workload workload, Lease lease, NodeObservation node, ChipClass? chip, Machine machine)
    {
        var devices = lease.Devices.Select(index => Name(index, lease.ChipClass, machine)).ToList();
        var processors = Machine.IsProcessor(lease.ChipClass);
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["AMALGAM_WORKLOAD"] = workload.Id,
            ["AMALGAM_WORKLOAD_NAME"] = workload.Spec.Name,
            ["AMALGAM_UNIT"] = workload.Spec.Unit,
            ["AMALGAM_LEASE"] = lease.Id,
            ["AMALGAM_CHIP_CLASS"] = lease.ChipClass,
            ["AMALGAM_NODE"] = node.Name,
            ["AMALGAM_DEVICES"] = string.Join(',', lease.Devices),
            ["AMALGAM_MEMBER"] = Text(lease.Member),
            ["AMALGAM_MEMBERS"] = Text(workload.Spec.Members),
        };
        if (workload.Spec.Job is not null)
        {
            // The names that distributed training frameworks read.
            (environment["RANK"], environment["WORLD_SIZE"], environment["LOCAL_RANK"]) = (Text(lease.Member), Text(workload.Spec.Members), "0");
            (environment["MASTER_ADDR"], environment["MASTER_PORT"]) = ("127.0.0.1", Text(20_000 + (int.Parse(workload.Id.AsSpan(1), CultureInfo.InvariantCulture) % 10_000)));
        }

        if (processors)
        {
            environment["OMP_NUM_THREADS"] = environment["DOTNET_PROCESSOR_COUNT"] = Text(lease.Devices.Length);
        }

        foreach (var (name, value) in (chip?.Selection ?? DeviceSelection.None).EnvironmentFor(devices).Concat(chip?.Environment ?? new Dictionary<string, string>()))
        {
            environment[name] = value;
        }

        return environment;
    }

    private static DeviceName Name(int index, string chipClass, Machine machine)
    {
        var seen = machine.Devices.FirstOrDefault(device => device.Class == chipClass && device.Index == index);
        return new DeviceName(index, seen?.Uuid, seen?.PciAddress);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
