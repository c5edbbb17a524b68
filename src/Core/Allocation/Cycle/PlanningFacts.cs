using System.Collections.Immutable;
using Amalgam.Core.Allocation.Stock;

namespace Amalgam.Core.Allocation.Cycle;

/// <summary>The facts that a cycle begins with, taken in one by one.</summary>
internal sealed partial class PlanningState
{
    /// <exception cref="ArgumentException">Two workloads have the same id.</exception>
    public static PlanningState Of(AllocationSnapshot snapshot)
    {
        var inner = new HashSet<string>(snapshot.Units.Where(unit => unit.Parent is not null).Select(unit => unit.Parent!), StringComparer.Ordinal);
        var own = new HashSet<string>(StringComparer.Ordinal);
        foreach (var workload in snapshot.Workloads)
        {
            if (inner.Count > 0 && inner.Contains(workload.Unit))
            {
                own.Add(workload.Unit);
            }
        }

        var state = new PlanningState(snapshot.Nodes, snapshot.Units, own, snapshot.Settings, snapshot.Workloads.Length)
        {
            NowMs = snapshot.NowMs, History = snapshot.History,
        };
        state.Placer.Learn(snapshot.Typical);
        for (var i = 0; i < snapshot.Workloads.Length; i++)
        {
            state.Add(snapshot.Workloads[i], i);
        }

        foreach (var lease in snapshot.Leases)
        {
            if (!lease.Ending && state.Find(lease.WorkloadId) is { } entry)
            {
                state.Hold(entry, lease);
            }
        }

        return state;
    }

    /// <param name="order">Of creation, among all workloads.</param>
    public Entry Add(WorkloadState workload, int order)
    {
        Facts++;
        var shape = _shapes.Of(workload);
        var entry = new Entry(workload, order, shape, shape.RowOf(workload));
        if (!_entries.TryAdd(workload.Id, entry))
        {
            throw new ArgumentException($"workload {workload.Name}: the id {workload.Id} is used twice");
        }

        if (entry.Row.Users++ == 0)
        {
            Rows[shape.Leaf].Add(entry.Row);
        }

        shape.Users++;
        if (!workload.Held)
        {
            shape.Count++;
            Demand.Changed(shape, came: true);
        }

        Enqueue(entry);
        return entry;
    }

    /// <summary>With all that it holds.</summary>
    public void Remove(Entry entry)
    {
        Facts++;
        while (entry.Running)
        {
            LetGo(entry, entry.Members.Count - 1);
        }

        Idle(entry, -1);
        if (entry.Waiting)
        {
            Leave(entry);
            entry.Row.Tidy();
            OpenWork -= entry.Row.Work;
        }

        _suspects.Remove(entry);
        _entries.Remove(entry.Workload.Id);
        if (!entry.Workload.Held)
        {
            entry.Shape.Count--;
            Demand.Changed(entry.Shape, came: false);
        }

        if (--entry.Row.Users == 0)
        {
            Rows[entry.Shape.Leaf].Remove(entry.Row);
            entry.Shape.Forget(entry.Row);
        }

        if (--entry.Shape.Users == 0)
        {
            _shapes.Forget(entry.Shape);
        }
    }

    /// <summary>One more member holds devices. A node that is not there holds nothing.</summary>
    public void Hold(Entry entry, MemberLease lease)
    {
        if (!_nodeNumber.TryGetValue(lease.Node, out var at))
        {
            return;
        }

        Facts++;
        Begin(entry);
        var slot = new Slot(at.Chip, at.Node, [.. lease.Devices], (int)lease.MilliPerDevice);
        Stocks[at.Chip].Take(at.Node, slot.Devices, entry.Shape.Member);
        entry.Members.Add(new HeldMember(lease.Member, slot, lease.SinceMs));
        Holders.Add(entry, slot);
        Count(entry.Shape, at.Chip, +1);
        Index(entry);
        Examine(entry);
    }

    /// <summary>A member no longer holds its devices, or was told to let them go.</summary>
    public void LetGo(Entry entry, MemberLease lease)
    {
        if (!_nodeNumber.TryGetValue(lease.Node, out var at))
        {
            return;
        }

        var position = entry.Members.FindIndex(member => member.Number == lease.Member && member.Slot.Chip == at.Chip &&
            member.Slot.Node == at.Node && member.SinceMs == lease.SinceMs && member.Slot.Devices.AsSpan().SequenceEqual(lease.Devices.AsSpan()));
        if (position >= 0)
        {
            Facts++;
            LetGo(entry, position);
            Examine(entry);
        }
    }

    /// <summary>Devices break or come back. False where the node changed in any other way, or is not known.</summary>
    public bool Renew(NodeState node)
    {
        if (!_nodeNumber.TryGetValue(node.Name, out var at) || !Stocks[at.Chip].DiffersInHealthOnly(at.Node, node))
        {
            return false;
        }

        var here = Holders.On(at.Chip, at.Node).ToList();
        Held(here, at, static (stock, slot, member) => stock.Return(slot.Node, slot.Devices, member));
        Stocks[at.Chip].Renew(at.Node, node);
        Held(here, at, static (stock, slot, member) => stock.Take(slot.Node, slot.Devices, member));
        here.ForEach(Examine);
        Facts++;
        _shapes.NodesChanged();
        for (var leaf = 0; leaf < AskChanges.Length; leaf++)
        {
            AskChanges[leaf]++;
        }

        Changes++;
        return true;
    }

    /// <summary>Those of which something must end before anything is given out, in order of creation.</summary>
    public List<Entry> Suspects() => [.. _suspects.OrderBy(entry => entry.Index)];

    private void Held(List<Entry> here, (int Chip, int Node) at, Action<ClassStock, Slot, MemberShape> change)
    {
        foreach (var entry in here)
        {
            foreach (var member in entry.Members.Where(member => member.Slot.Chip == at.Chip && member.Slot.Node == at.Node))
            {
                change(Stocks[at.Chip], member.Slot, entry.Shape.Member);
            }
        }
    }

    private void Examine(Entry entry)
    {
        var suspect = entry.Running && (entry.Workload.Held || entry.Members.Count < entry.Shape.Minimum ||
            entry.Members.Count > entry.Shape.Members || entry.Members.Exists(IsLost) || entry.Members.Exists(member => entry.Shape.MustLeave(member.Slot.Chip)));
        if (suspect)
        {
            _suspects.Add(entry);
        }
        else if (_suspects.Count > 0)
        {
            _suspects.Remove(entry);
        }
    }

    private bool IsLost(HeldMember member) => Array.Exists(member.Slot.Devices, device => Stocks[member.Slot.Chip].IsBroken(member.Slot.Node, device));
}
