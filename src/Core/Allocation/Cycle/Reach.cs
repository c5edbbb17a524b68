using Amalgam.Core.Allocation.Stock;

namespace Amalgam.Core.Allocation.Cycle;

/// <summary>How many members a class could hold, were it empty. What cannot be placed at all is no demand.</summary>
internal static class Reach
{
    /// <summary>Whether one device of the class has the memory that a member asks of it.</summary>
    public static bool AnyDeviceServes(ClassStock stock, in MemberShape member)
    {
        foreach (var node in stock.Nodes)
        {
            if (node.MemoryMiB == 0 || node.MemoryMiB >= member.MemoryMiB)
            {
                return node.Devices > 0;
            }
        }

        return false;
    }

    /// <summary>Members that the empty class holds, counted up to <paramref name="enough"/>.</summary>
    public static long Copies(ClassStock stock, in MemberShape member, bool healthyOnly, int enough)
    {
        long copies = 0;
        foreach (var node in stock.Nodes)
        {
            copies += (!healthyOnly || node.Healthy) ? CopiesOn(node, member, healthyOnly) : 0;
            if (copies >= enough)
            {
                break;
            }
        }

        return copies;
    }

    private static long CopiesOn(NodeState node, in MemberShape member, bool healthyOnly)
    {
        if (node.MemoryMiB > 0 && node.MemoryMiB < member.MemoryMiB)
        {
            return 0;
        }

        long devices = node.Devices - (healthyOnly ? node.UnhealthyDevices.Length : 0);
        var perDevice = member.IsShare ? 1000 / member.MilliPerDevice : 1;
        if (member.IsShare && member.MemoryMiB > 0 && node.MemoryMiB > 0)
        {
            perDevice = (int)Math.Min(perDevice, node.MemoryMiB / member.MemoryMiB);
        }

        var copies = member.IsShare ? devices * perDevice : member.Devices == 0 ? int.MaxValue : devices / member.Devices;
        copies = Bounded(copies, node.CpuMilli, member.CpuMilli);
        return Bounded(copies, node.RamMiB, member.RamMiB);
    }

    private static long Bounded(long copies, long there, long each) => there > 0 && each > 0 ? Math.Min(copies, there / each) : copies;
}
