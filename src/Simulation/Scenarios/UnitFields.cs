using Amalgam.Core.Allocation;

namespace Amalgam.Simulation.Scenarios;

/// <summary>The fields of a unit, as it is described at first or changed later.</summary>
internal static class UnitFields
{
    /// <summary>Sets what the object names; the name itself has been read by then.</summary>
    public static Func<UnitState, UnitState> Change(Fields fields)
    {
        _ = fields.Text("name");
        var parent = fields.OptionalText("parent");
        var weight = fields.Number("weight", 0, 1_000_000_000);
        var guarantee = fields.Amounts("guarantee");
        var firm = fields.Amounts("firm");
        var limit = fields.Amounts("limit");
        var minRuntime = fields.Time("minRuntime");
        var maxWait = fields.Time("maxWait");
        return unit => unit with
        {
            Parent = parent ?? unit.Parent,
            Weight = weight is { } given ? (double)given : unit.Weight,
            Guarantee = guarantee ?? unit.Guarantee,
            Firm = firm ?? unit.Firm,
            Limit = limit ?? unit.Limit,
            MinRuntimeMs = minRuntime ?? unit.MinRuntimeMs,
            MaxWaitMs = maxWait ?? unit.MaxWaitMs,
        };
    }
}
