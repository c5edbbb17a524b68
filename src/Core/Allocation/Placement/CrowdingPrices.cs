namespace Amalgam.Core.Allocation.Placement;

/// <summary>
/// The crowding price of a node shape: over the groups of requests that could run on it, expected demand over what is left of all the
/// shapes the group could use. Taken over shapes, not chip classes, or the few requests that only one shape can host are lost early.
/// </summary>
internal sealed class CrowdingPrices(int shapes)
{
    /// <summary>Prices are whole numbers of 1 / Scale, so that weighted losses compare alike on every machine.</summary>
    public const double Scale = 1e9;

    private readonly long[] _supplyNano = new long[shapes];

    /// <summary>Per shape.</summary>
    public double[] Price { get; } = new double[shapes];

    public void Count(int shape, NodeState state, WorthTables tables, int sign)
    {
        double worth = 0;
        foreach (var gap in state.Gaps)
        {
            worth += tables.Gap[gap.Level(state.Shape)];
        }
        _supplyNano[shape] += sign * (long)(worth * 1e9);
    }

    public void Recount(NodeRoom[] rooms, int[] shapeOf, WorthTables tables)
    {
        Array.Clear(_supplyNano);
        for (var node = 0; node < rooms.Length; node++)
        {
            if (rooms[node].State is { } state)
            {
                Count(shapeOf[node], state, tables, 1);
            }
        }
    }

    public void Refresh(WorthTables tables)
    {
        Array.Clear(Price);
        foreach (var group in tables.Groups)
        {
            double supply = 0;
            for (var k = 0; k < Price.Length; k++)
            {
                supply += group.SpeedOn[k] * _supplyNano[k] / 1e9;
            }
            for (var k = 0; k < Price.Length; k++)
            {
                Price[k] += group.SpeedOn[k] * group.Demand / Math.Max(1, supply);
            }
        }
        for (var k = 0; k < Price.Length; k++)
        {
            Price[k] = Math.Round(Price[k] * Scale);
        }
    }
}
