namespace Amalgam.Core.Allocation.Stock;

/// <summary>
/// Finds devices for all members of a gang on one chip class, or for none. A gang goes to the nearest set of nodes: one node if
/// it fits there, else the tightest rack that holds it, else the fewest nodes; a single member to the tightest place. Equals
/// are decided by the fixed order of the nodes.
/// </summary>
internal static class GangPlacer
{
    /// <summary>Takes the devices and adds the slots, all or nothing.</summary>
    public static bool TryTake(ClassStock stock, int chip, in MemberShape shape, int members, List<Slot> slots)
    {
        if (stock.FreeMilli < shape.Milli * members)
        {
            return false;
        }

        var start = slots.Count;
        var complete = shape.IsShare
            ? TakeShares(stock, chip, shape, members, slots)
            : CouldHold(stock, shape.Devices, members) && TakeWhole(stock, chip, shape, members, slots);
        if (!complete)
        {
            Undo(stock, shape, slots, start);
        }

        return complete;
    }

    /// <summary>By counting alone, CPU, RAM and memory aside: enough untouched devices on enough nodes.</summary>
    public static bool CouldHold(ClassStock stock, int devices, int members)
    {
        long room = devices == 0 ? members : 0;
        for (var untouched = devices; untouched <= stock.MostDevices && room < members; untouched++)
        {
            room += (long)stock.ByUntouched(untouched).Count * (untouched / devices);
        }

        return room >= members;
    }

    public static void Undo(ClassStock stock, in MemberShape shape, List<Slot> slots, int start)
    {
        for (var i = slots.Count - 1; i >= start; i--)
        {
            stock.Return(slots[i].Node, slots[i].Devices, shape);
        }

        slots.RemoveRange(start, slots.Count - start);
    }

    /// <summary>One member on this very node.</summary>
    public static Slot? TakeOneOn(ClassStock stock, int chip, int node, in MemberShape shape)
    {
        var devices = shape.IsShare ? PickShare(stock, node, shape) : Pick(stock, node, shape);
        if (devices is null)
        {
            return null;
        }

        stock.Take(node, devices, shape);
        return new Slot(chip, node, devices, shape.MilliPerDevice);
    }

    private static int[]? PickShare(ClassStock stock, int node, in MemberShape shape)
    {
        var best = -1;
        for (var index = 0; index < stock.Nodes[node].Devices && stock.HasRoom(node, shape); index++)
        {
            if (stock.DeviceFits(node, index, shape) &&
                (best < 0 || stock.FreeMilliOf(node, index) < stock.FreeMilliOf(node, best)))
            {
                best = index;
            }
        }

        return best < 0 ? null : [best];
    }

    private static bool TakeShares(ClassStock stock, int chip, in MemberShape shape, int members, List<Slot> slots)
    {
        for (var m = 0; m < members; m++)
        {
            var device = TightestOpen(stock, shape);
            if (device < 0)
            {
                device = FirstUntouched(stock, shape);
            }

            if (device < 0)
            {
                return false;
            }

            var node = stock.NodeOf(device);
            var slot = new Slot(chip, node, [stock.IndexOnNode(device)], shape.MilliPerDevice);
            stock.Take(node, slot.Devices, shape);
            slots.Add(slot);
        }

        return true;
    }

    private static int TightestOpen(ClassStock stock, in MemberShape shape)
    {
        foreach (var (_, device) in stock.OpenDevices.GetViewBetween((shape.MilliPerDevice, 0), (1000, int.MaxValue)))
        {
            if (stock.DeviceFits(device, shape) && stock.HasRoom(stock.NodeOf(device), shape))
            {
                return device;
            }
        }

        return -1;
    }

    private static int FirstUntouched(ClassStock stock, in MemberShape shape)
    {
        for (var untouched = 1; untouched <= stock.MostDevices; untouched++)
        {
            var nodes = stock.ByUntouched(untouched);
            for (var node = nodes.Next(0); node >= 0; node = nodes.Next(node + 1))
            {
                if (Pick(stock, node, shape) is { } found)
                {
                    return stock.DeviceNumber(node, found[0]);
                }
            }
        }

        return -1;
    }

    private static bool TakeWhole(ClassStock stock, int chip, in MemberShape shape, int members, List<Slot> slots)
    {
        var together = shape.Devices * members;
        if (members > 1 && together <= stock.MostDevices && TakeOnOneNode(stock, chip, shape, members, slots))
        {
            return true;
        }

        if (members > 1 && shape.Devices > 0 && stock.Racks > 1 && TightestRack(stock, shape.Devices, members) is var rack and >= 0)
        {
            var start = slots.Count;
            if (TakeAcross(stock, chip, shape, members, slots, rack))
            {
                return true;
            }

            Undo(stock, shape, slots, start);
        }

        return TakeAcross(stock, chip, shape, members, slots, rack: -1);
    }

    private static bool TakeOnOneNode(ClassStock stock, int chip, in MemberShape shape, int members, List<Slot> slots)
    {
        for (var untouched = shape.Devices * members; untouched <= stock.MostDevices; untouched++)
        {
            var nodes = stock.ByUntouched(untouched);
            for (var node = nodes.Next(0); node >= 0; node = nodes.Next(node + 1))
            {
                var start = slots.Count;
                if (TakeOnNode(stock, chip, node, shape, members, slots) == members)
                {
                    return true;
                }

                Undo(stock, shape, slots, start);
            }
        }

        return false;
    }

    private static int TightestRack(ClassStock stock, int devices, int members)
    {
        var best = -1;
        var bestRoom = long.MaxValue;
        for (var rack = 0; rack < stock.Racks; rack++)
        {
            long room = 0;
            for (var untouched = devices; untouched <= stock.MostDevices; untouched++)
            {
                room += (long)stock.NodesOfRack(rack, untouched) * (untouched / devices);
            }

            if (room >= members && room < bestRoom)
            {
                (best, bestRoom) = (rack, room);
            }
        }

        return best;
    }

    // Full nodes first, so that few nodes are needed; what remains goes to the tightest node that holds it.
    private static bool TakeAcross(
        ClassStock stock, int chip, in MemberShape shape, int members, List<Slot> slots, int rack)
    {
        for (var untouched = stock.MostDevices; untouched >= shape.Devices && members > 0; untouched--)
        {
            var nodes = stock.ByUntouched(untouched);
            for (var node = nodes.Next(0); node >= 0 && members > 0; node = nodes.Next(node + 1))
            {
                if (rack >= 0 && stock.Rack[node] != rack)
                {
                    continue;
                }

                if (members * shape.Devices < untouched && TakeRest(stock, chip, shape, members, untouched, slots, rack))
                {
                    return true;
                }

                members -= TakeOnNode(stock, chip, node, shape, members, slots);
            }
        }

        return members == 0;
    }

    private static bool TakeRest(
        ClassStock stock, int chip, in MemberShape shape, int members, int below, List<Slot> slots, int rack)
    {
        for (var untouched = shape.Devices * members; untouched < below; untouched++)
        {
            var nodes = stock.ByUntouched(untouched);
            for (var node = nodes.Next(0); node >= 0; node = nodes.Next(node + 1))
            {
                if (rack >= 0 && stock.Rack[node] != rack)
                {
                    continue;
                }

                var start = slots.Count;
                if (TakeOnNode(stock, chip, node, shape, members, slots) == members)
                {
                    return true;
                }

                Undo(stock, shape, slots, start);
            }
        }

        return false;
    }

    /// <summary>As many of the members as the node holds; returns how many.</summary>
    private static int TakeOnNode(ClassStock stock, int chip, int node, in MemberShape shape, int members, List<Slot> slots)
    {
        var taken = 0;
        while (taken < members && Pick(stock, node, shape) is { } devices)
        {
            stock.Take(node, devices, shape);
            slots.Add(new Slot(chip, node, devices, shape.MilliPerDevice));
            taken++;
        }

        return taken;
    }

    /// <summary>The lowest untouched devices of a node for one member, or null.</summary>
    public static int[]? Pick(ClassStock stock, int node, in MemberShape shape)
    {
        if (stock.Untouched(node) < shape.Devices || !stock.HasRoom(node, shape) || (shape.Devices == 0 && !stock.Nodes[node].Healthy))
        {
            return null;
        }

        var picked = new int[shape.Devices];
        var count = 0;
        for (var index = 0; index < stock.Nodes[node].Devices && count < picked.Length; index++)
        {
            if (stock.FreeMilliOf(node, index) >= 1000 && stock.DeviceFits(node, index, shape))
            {
                picked[count++] = index;
            }
        }

        return count == picked.Length ? picked : null;
    }
}
