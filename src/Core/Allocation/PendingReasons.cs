namespace Amalgam.Core.Allocation;

/// <summary>The names of the closed list as they appear in files, on the wire and in `explain`.</summary>
public static class PendingReasons
{
    public static string Code(PendingReason reason) => reason switch
    {
        PendingReason.Held => "held",
        PendingReason.Admission => "admission",
        PendingReason.NoSuchChip => "no-such-chip",
        PendingReason.TooLarge => "too-large",
        PendingReason.Limit => "limit",
        PendingReason.Budget => "budget",
        PendingReason.GuaranteeOnly => "guarantee-only",
        PendingReason.Gathering => "gathering",
        PendingReason.Share => "share",
        PendingReason.Fragmented => "fragmented",
        PendingReason.Capacity => "capacity",
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "not in the closed list"),
    };
}
