using System.Collections.Frozen;

namespace Amalgam.Core.Ledger.Invoices;

/// <summary>
/// Currencies in which an invoice can be paid, with the decimals of their smallest unit. Source: ISO 4217, list one (active codes), column "minor unit"; funds codes, metals and
/// test codes are left out.
/// </summary>
public static class Currencies
{
    private const string NoDecimals = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";

    private const string ThreeDecimals = "BHD IQD JOD KWD LYD OMR TND";

    private const string TwoDecimals =
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP " +
        "GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN " +
        "NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH " +
        "USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG";

    private static readonly FrozenDictionary<string, int> Minor =
        NoDecimals.Split(' ').Select(code => (code, 0)).Concat(TwoDecimals.Split(' ').Select(code => (code, 2))).Concat(ThreeDecimals.Split(' ').Select(code => (code, 3)))
            .ToFrozenDictionary(pair => pair.code, pair => pair.Item2, StringComparer.Ordinal);

    /// <summary>Decimals of the smallest unit; null for what is no currency.</summary>
    public static int? Decimals(string code) => Minor.TryGetValue(code, out var decimals) ? decimals : null;

    /// <summary>Null when an invoice can be written in it.</summary>
    public static Refusal? Check(string code) => Decimals(code) is not null
        ? null
        : new Refusal(RefusalCodes.Invalid, $"'{(code.Length <= 12 && !code.Any(char.IsControl) ? code : "that")}' is no currency: give an ISO 4217 code in capitals, such as EUR, USD, JPY or KWD");

    /// <summary>Nano-units of one smallest unit: 10 000 000 of a cent.</summary>
    public static long MinorNano(string code)
    {
        // A cloud founded before currencies were checked may carry any text: it is rounded as most are.
        var size = Nano.PerUnit;
        for (var digit = 0; digit < (Decimals(code) ?? 2); digit++)
        {
            size /= 10;
        }

        return size;
    }

    /// <summary>To the nearest smallest unit; the half goes away from zero, as commercial rounding does (DIN 1333).</summary>
    public static long Round(long nano, string code)
    {
        var unit = MinorNano(code);
        var whole = ((Int128.Abs(nano) + (unit / 2)) / unit) * unit;
        return checked((long)(nano < 0 ? -whole : whole));
    }

    /// <summary>`1234.50`: exactly the decimals of the currency. The amount must be a whole number of smallest units.</summary>
    public static string Format(long nano, string code)
    {
        var decimals = Decimals(code) ?? 2;
        var text = Nano.Format(nano);
        var point = text.IndexOf('.', StringComparison.Ordinal);
        return decimals == 0 ? text[..point] : text[..(point + 1)] + text[(point + 1)..].PadRight(decimals, '0')[..decimals];
    }
}
