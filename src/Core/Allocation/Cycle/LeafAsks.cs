namespace Amalgam.Core.Allocation.Cycle;

/// <summary>
/// What the work of each leaf asks for at least, in a few numbers side by side: a pass looks at these first, and at the shapes of a leaf only
/// where one of them might be granted something. Found anew for a leaf when what waits or grows there has changed.
/// </summary>
internal sealed class LeafAsks(PlanningState state)
{
    private readonly Ask[] _asks = [.. Enumerable.Repeat(new Ask(-1, long.MaxValue, 0, int.MinValue), state.Tree.Units.Count)];

    public Ask Of(int leaf)
    {
        if (_asks[leaf].Changes != state.AskChanges[leaf])
        {
            _asks[leaf] = Find(leaf);
        }

        return _asks[leaf];
    }

    private Ask Find(int leaf)
    {
        var ask = new Ask(state.AskChanges[leaf], long.MaxValue, 0, int.MinValue);
        foreach (var row in state.Rows[leaf])
        {
            if (row.Waiting > 0 && row.Shape.IsDemand)
            {
                ask = ask.With(row.Shape, row.Shape.Sample.Mixed);
            }
        }

        foreach (var entry in state.GrowingIn[leaf])
        {
            ask = ask.With(entry.Shape, one: true);
        }

        return ask;
    }

    /// <param name="Changes">Of the leaf, when this was found.</param>
    /// <param name="LeastMilli">The smallest request for devices.</param>
    /// <param name="Forms">A bit for each form of request; several forms may share one.</param>
    /// <param name="Priority">The highest.</param>
    internal readonly record struct Ask(long Changes, long LeastMilli, ulong Forms, int Priority)
    {
        public Ask With(Shape shape, bool one) => new(
            Changes, Math.Min(LeastMilli, one ? shape.Member.Milli : shape.MinimumMilli), Forms | shape.Form.Bit, Math.Max(Priority, shape.Priority));
    }
}
