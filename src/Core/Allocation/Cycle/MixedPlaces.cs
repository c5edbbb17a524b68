using Amalgam.Core.Allocation.Stock;

namespace Amalgam.Core.Allocation.Cycle;

/// <summary>Places the members of a gang that may sit on several classes: one by one, over the classes in order of preference.</summary>
internal sealed class MixedPlaces(PlanningState state, Bounds bounds)
{
    /// <summary>
    /// Takes idle devices for at most so many members, as far as quotas, <paramref name="may"/> and devices go. What is taken counts in the tree
    /// as held until it is given back or left to the gang.
    /// </summary>
    /// <param name="may">Whether one more member may go to a class.</param>
    /// <returns>How many members found a place.</returns>
    public int Fill(in Request request, IReadOnlyList<int> chips, int members, Func<Request, int, bool> may, List<Slot> slots)
    {
        var one = request with { Only = 1 };
        var filled = 0;
        foreach (var chip in chips)
        {
            while (filled < members && bounds.MayHold(one, chip) && may(one, chip) && state.Placer.TryTake(chip, request.Shape.Member, 1, slots))
            {
                filled++;
                state.Tree.Add(request.Shape.Leaf, chip, request.Shape.Member.Milli, 0, request.Shape.Preemptible);
            }
        }

        return filled;
    }

    /// <summary>Back with what <see cref="Fill"/> has taken.</summary>
    public void Return(in Request request, List<Slot> slots)
    {
        foreach (var slot in slots)
        {
            state.Stocks[slot.Chip].Return(slot.Node, slot.Devices, request.Shape.Member);
        }

        Leave(request, slots);
        slots.Clear();
    }

    /// <summary>The gang is about to hold it, and is counted then.</summary>
    public void Leave(in Request request, List<Slot> slots)
    {
        foreach (var slot in slots)
        {
            state.Tree.Add(request.Shape.Leaf, slot.Chip, -request.Shape.Member.Milli, 0, request.Shape.Preemptible);
        }
    }
}
