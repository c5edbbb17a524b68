using Amalgam.Core;

namespace Amalgam.ControlPlane.Commands;

/// <summary>Numbers as people send them, to the integers the cloud keeps.</summary>
public static class Amounts
{
    /// <summary>Milli-devices: a fraction of one device, or a whole number of devices.</summary>
    public static Outcome<long> Devices(decimal devices) => devices switch
    {
        <= 0 => new Refusal(RefusalCodes.Invalid, $"devices must be above 0, not {devices}"),
        > 100_000 => new Refusal(RefusalCodes.Invalid, $"{devices} devices are more than any cloud has: at most 100000"),
        < 1 when decimal.Truncate(devices * 1000) != devices * 1000 => new Refusal(RefusalCodes.Invalid, $"a share of a device has at most three decimals, not {devices}"),
        >= 1 when decimal.Truncate(devices) != devices => new Refusal(RefusalCodes.Invalid, $"{devices} devices cannot be given: a share below 1 of one device, or a whole number"),
        _ => (long)(devices * 1000),
    };

    /// <summary>Milliseconds from seconds; refuses what is negative, not a number or beyond ten years.</summary>
    public static Outcome<long?> Seconds(string what, double? seconds) => seconds switch
    {
        null => (long?)null,
        >= 0 and <= 315_360_000 => (long?)Math.Round(seconds.Value * 1000),
        _ => new Refusal(RefusalCodes.Invalid, $"{what} must be between 0 and 315360000 seconds, not {seconds}"),
    };
}
