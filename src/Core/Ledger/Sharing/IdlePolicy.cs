namespace Amalgam.Core.Ledger.Sharing;

/// <summary>Who carries devices that nobody bought and nobody used. Reserved and idle ones are their holder's under every rule, failed ones the house's.</summary>
public enum IdleRule
{
    /// <summary>The house: nobody's bill shows them.</summary>
    House,

    /// <summary>All, in proportion to what they are guaranteed of the class.</summary>
    Guarantee,

    /// <summary>All, in proportion to what they used of the class that day; the house on a day without use.</summary>
    Use,

    /// <summary>Whoever is guaranteed devices and left them idle, for those; the house for the rest.</summary>
    Holder,
}

/// <summary>One rule from a day (UTC) on, until the next one begins.</summary>
/// <param name="ChargeBack">The shares are charged, a day at a time when it is over; else they are shown and nobody owes them.</param>
public sealed record IdlePolicy(IdleRule Rule, long FromMs, bool ChargeBack = false)
{
    public static IdlePolicy Default { get; } = new(IdleRule.House, 0);
}
