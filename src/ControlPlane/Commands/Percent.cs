using Amalgam.Core;

namespace Amalgam.ControlPlane.Commands;

/// <summary>Percentages as people send them, to the millionths the ledger keeps.</summary>
internal static class Percent
{
    /// <summary>At most four decimals.</summary>
    public static Outcome<int> Millionths(string what, decimal percent, decimal least, decimal most) =>
        percent < least || percent > most || decimal.Truncate(percent * 10_000) != percent * 10_000
            ? new Refusal(RefusalCodes.Invalid, $"{what} must be between {least} % and {most} % with at most four decimals, not {percent} %")
            : (int)(percent * 10_000);
}
