namespace Amalgam.Pages.Bills;

/// <param name="ChipClass">Gives the colour; null = none of its own.</param>
public sealed record AmountRow(string Name, decimal Amount, string? ChipClass, string? Link);
