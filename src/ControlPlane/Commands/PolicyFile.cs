using System.Collections.Immutable;
using System.Globalization;
using Amalgam.Core;
using Amalgam.Core.Ledger.Admission;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Amalgam.ControlPlane.Commands;

/// <summary>
/// Admission rules from a file in YAML (JSON is YAML too), one rule per document:
/// <code>
/// name: no-new-customers-on-scarce-chips
/// from: 2026-12-01                      # to: …
/// when:
///   unit:
///     segment: external                 # a fact: one value, or a list of them; { not: … }, { before: DATE }, { since: DATE }
///     contract: no                      # on the class
///     uses-class: no                    # before the rule began
///     breadth: { below: 3 }             # { at-least: N }
///   class:
///     name: [h100]                      # { not: [cpu] }; vendor: nvidia, replenishable: no
///     scarce: { leased-share-above: 80%, price-above: 0.1 }
/// effect: refuse                        # or allow
/// message: …
/// alternative: l40s
/// </code>
/// </summary>
public static class PolicyFile
{
    private const int MostCharacters = 1 << 18;
    private static readonly string[] RuleFields = ["name", "from", "to", "when", "effect", "message", "alternative"];

    /// <summary>All rules of the file, or the first thing that is wrong as `FILE, line N: FIELD: what`.</summary>
    public static Outcome<ImmutableArray<AdmissionRule>> Read(string file, string text, PolicyWords words)
    {
        ArgumentNullException.ThrowIfNull(text);
        try
        {
            if (text.Length > MostCharacters)
            {
                throw new PolicyProblem(null, "", $"the file has {text.Length} characters; a file of rules has at most {MostCharacters}");
            }

            var yaml = new YamlStream();
            yaml.Load(new StringReader(text));
            return yaml.Documents.Count == 0 ? throw new PolicyProblem(null, "", "the file is empty: a rule has a name, `when`, `effect` and a message") : yaml.Documents.Select(document => Rule(document.RootNode, words)).ToImmutableArray();
        }
        catch (PolicyProblem wrong)
        {
            return new Refusal(RefusalCodes.Invalid, $"{Names.Clip(file)}{(wrong.Line is { } line ? $", line {line}" : "")}: {(wrong.Field.Length == 0 ? "" : $"{wrong.Field}: ")}{wrong.Message}");
        }
        catch (YamlException wrong)
        {
            return new Refusal(RefusalCodes.Invalid, $"{Names.Clip(file)}, line {wrong.Start.Line}: this is no YAML: {Names.Clip(wrong.Message.ReplaceLineEndings(" "))}");
        }
    }

    private static AdmissionRule Rule(YamlNode root, PolicyWords words)
    {
        var rule = new PolicyMap(root, "", RuleFields);
        var name = rule.Need("name").Text();
        var when = rule.Find("when")?.Map("unit", "class");
        var effect = rule.Need("effect");
        var allows = effect.Text() switch { "allow" => true, "refuse" => false, _ => throw effect.Wrong("it is `allow` or `refuse`") };
        var (from, to) = (rule.Find("from")?.Instant(), rule.Find("to")?.Instant());
        var message = allows ? rule.Find("message") : rule.Need("message");
        if (Names.Check("rule", name) is not null)
        {
            throw rule.Need("name").Wrong("use letters, digits, '.', '_', '-', at most 63, beginning with a letter or digit");
        }

        if (to <= from)
        {
            throw rule.Need("to").Wrong("the rule would end before it begins");
        }

        return new AdmissionRule
        {
            Name = name,
            FromMs = from,
            ToMs = to,
            Allows = allows,
            Unit = when?.Find("unit") is { } unit ? Unit(unit, words) : new(),
            Class = when?.Find("class") is { } chip ? Class(chip, words) : new(),
            Message = message?.Line(300) ?? "",
            Alternative = rule.Find("alternative") is { } alternative ? Known(alternative, words) : null,
        };
    }

    private static UnitConditions Unit(PolicyNode node, PolicyWords words)
    {
        var facts = ImmutableArray.CreateBuilder<FactCondition>();
        var conditions = new UnitConditions();
        foreach (var field in node.Map(null!).All)
        {
            switch (field.Name)
            {
                case "contract": conditions = conditions with { Contract = field.YesNo() }; break;
                case "uses-class": conditions = conditions with { UsesClass = field.YesNo() }; break;
                case "breadth":
                    var breadth = field.Map("below", "at-least");
                    conditions = conditions with { BreadthBelow = breadth.Find("below")?.Whole(0, 4), BreadthAtLeast = breadth.Find("at-least")?.Whole(0, 4) };
                    break;
                default: facts.Add(Fact(field, words)); break;
            }
        }

        return conditions with { Facts = facts.ToImmutable() };
    }

    private static FactCondition Fact(PolicyNode field, PolicyWords words)
    {
        if (!words.Facts.Contains(field.Name))
        {
            throw field.Wrong($"no unit has a fact of this name; known are {string.Join(", ", words.Facts.Order(StringComparer.Ordinal).Take(20))}, and contract, uses-class, breadth");
        }

        if (!field.IsMap)
        {
            return new(field.Name, FactTest.OneOf, field.Texts());
        }

        var test = field.Map("not", "before", "since");
        return test.All switch
        {
            [{ Name: "not" } not] => new(field.Name, FactTest.NoneOf, not.Texts()),
            [{ Name: "before" } before] => new(field.Name, FactTest.Before, [before.Date()]),
            [{ Name: "since" } since] => new(field.Name, FactTest.Since, [since.Date()]),
            _ => throw field.Wrong("give one of not, before and since"),
        };
    }

    private static ClassConditions Class(PolicyNode node, PolicyWords words)
    {
        var asked = node.Map("name", "vendor", "replenishable", "not-replenishable", "scarce");
        var named = asked.Find("name");
        var except = named is { IsMap: true } ? named.Map("not").Need("not") : null;
        var names = (except ?? named)?.Texts() ?? [];
        foreach (var name in names)
        {
            _ = Known(named!, words, name);
        }

        var vendors = asked.Find("vendor")?.Texts() ?? [];
        if (vendors.FirstOrDefault(vendor => !words.ClassesByVendor.Contains(vendor)) is { } unknown)
        {
            throw asked.Need("vendor").Wrong($"the catalogue has no vendor '{Names.Clip(unknown)}': it has {string.Join(", ", words.ClassesByVendor.Select(group => group.Key).Order(StringComparer.Ordinal))}");
        }

        var scarce = asked.Find("scarce")?.Map("leased-share-above", "price-above");
        if (scarce is { All.Count: 0 })
        {
            throw asked.Need("scarce").Wrong("give leased-share-above, price-above or both; either is enough");
        }

        return new ClassConditions
        {
            Names = except is null ? names : [],
            ExceptNames = except is null ? [] : names,
            Vendors = vendors,
            VendorClasses = [.. vendors.SelectMany(vendor => words.ClassesByVendor[vendor]).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)],
            Replenishable = asked.Find("replenishable")?.YesNo() ?? !asked.Find("not-replenishable")?.YesNo(),
            LeasedShareAboveMillionths = scarce?.Find("leased-share-above")?.PercentMillionths(),
            ScarcityPriceAboveMillionths = scarce?.Find("price-above")?.Millionths(),
        };
    }

    private static string Known(PolicyNode field, PolicyWords words, string? name = null)
    {
        name ??= field.Text();
        return words.Classes.Contains(name) ? name : throw field.Wrong($"neither this cloud nor the catalogue has a chip class '{Names.Clip(name)}' (`amalgam chips`)");
    }
}

/// <summary>What a rule may speak of: facts that some unit has, chip classes, vendors.</summary>
public sealed record PolicyWords(IReadOnlySet<string> Facts, IReadOnlySet<string> Classes, ILookup<string, string> ClassesByVendor);
