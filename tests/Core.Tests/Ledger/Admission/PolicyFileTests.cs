using Amalgam.ControlPlane.Commands;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger.Admission;
using Xunit;

namespace Core.Tests.Ledger.Admission;

public sealed class PolicyFileTests
{
    private static readonly PolicyWords Words = new(
        new HashSet<string>(StringComparer.Ordinal) { "segment", "region", "customer-since", "colour" }, new HashSet<string>(StringComparer.Ordinal) { "h100", "l40s", "cpu", "cpu-scalar" },
        new[] { ("nvidia", "h100"), ("nvidia", "l40s"), ("generic", "cpu") }.ToLookup(pair => pair.Item1, pair => pair.Item2, StringComparer.OrdinalIgnoreCase));

    [Fact]
    public void Every_condition_can_be_written()
    {
        var rule = Read("""
            name: all
            from: 2026-12-01
            to: 2027-02-28T12:00:00Z
            when:
              unit: { segment: [a, b], region: { not: eu }, customer-since: { before: 2026-02-28 }, colour: { not: [red, blue] }, contract: no, uses-class: yes, breadth: { below: 3, at-least: 1 } }
              class: { name: [h100], vendor: NVIDIA, not-replenishable: yes, scarce: { leased-share-above: 80%, price-above: 0.1 } }
            effect: refuse
            message: because
            alternative: l40s
            """);
        Assert.Equal((SupplyCloud.At("2026-12-01"), SupplyCloud.At("2027-02-28T12:00:00Z"), false, "because", "l40s"), (rule.FromMs, rule.ToMs, rule.Allows, rule.Message, rule.Alternative));
        Assert.Equal([FactTest.OneOf, FactTest.NoneOf, FactTest.Before, FactTest.NoneOf], rule.Unit.Facts.Select(fact => fact.Test));
        Assert.Equal((false, true, 3, 1), (rule.Unit.Contract, rule.Unit.UsesClass, rule.Unit.BreadthBelow, rule.Unit.BreadthAtLeast));
        Assert.Equal((false, 800_000, 100_000L), (rule.Class.Replenishable, rule.Class.LeasedShareAboveMillionths, rule.Class.ScarcityPriceAboveMillionths));
        Assert.Equal(["h100", "l40s"], rule.Class.VendorClasses.AsEnumerable());
    }

    [Theory]
    [InlineData("", "the file is empty")]
    [InlineData("name: [", "this is no YAML")]
    [InlineData("- a\n", "line 1: fields are expected here")]
    [InlineData("name: a\neffect: refuse\n", "line 1: message: it is missing")]
    [InlineData("name: a b\neffect: allow\n", "line 1: name: use letters")]
    [InlineData("name: a\neffect: perhaps\n", "line 2: effect: it is `allow` or `refuse`")]
    [InlineData("name: a\neffect: allow\nwhen:\n  unit:\n    taste: sweet\n", "line 5: when.unit.taste: no unit has a fact of this name; known are colour, customer-since, region, segment")]
    [InlineData("name: a\neffect: allow\nwhen:\n  class:\n    size: 3\n", "line 5: when.class.size: there is no such field")]
    [InlineData("name: a\neffect: allow\nwhen:\n  class: { name: abacus }\n", "line 4: when.class.name: neither this cloud nor the catalogue has a chip class 'abacus'")]
    [InlineData("name: a\neffect: allow\nwhen:\n  class: { vendor: acme }\n", "line 4: when.class.vendor: the catalogue has no vendor 'acme'")]
    [InlineData("name: a\neffect: allow\nwhen:\n  class: { scarce: { leased-share-above: 120% } }\n", "line 4: when.class.scarce.leased-share-above: a share such as 80%")]
    [InlineData("name: a\neffect: allow\nwhen:\n  class: { scarce: {} }\n", "line 4: when.class.scarce: give leased-share-above")]
    [InlineData("name: a\neffect: allow\nwhen:\n  unit: { customer-since: { since: 2027-02-29 } }\n", "line 4: when.unit.customer-since.since: a date such as")]
    [InlineData("name: a\neffect: allow\nwhen:\n  unit: { breadth: { below: 9 } }\n", "line 4: when.unit.breadth.below: a whole number from 0 to 4")]
    [InlineData("name: a\neffect: allow\nfrom: 2027-01-01\nto: 2027-01-01\n", "line 4: to: the rule would end before it begins")]
    [InlineData("name: a\neffect: allow\nalternative: abacus\n", "line 3: alternative: neither")]
    [InlineData("name: a\neffect: allow\n---\nname: b\neffect: maybe\n", "line 5: effect")]
    public void What_is_wrong_is_said_with_file_line_and_field(string text, string part)
    {
        var message = PolicyFile.Read("rules.yaml", text, Words).Refusal!.Message;
        Assert.Contains(part, message, StringComparison.Ordinal);
        Assert.StartsWith("rules.yaml", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void No_new_customers_on_scarce_chips_keeps_newcomers_out_and_old_ones_departments_and_contracts_in()
    {
        var cloud = Cloud(out var words);
        cloud.Add(new RuleAdded(Shipped("no-new-customers-on-scarce-chips", words)));
        Assert.Null(cloud.Receive("h100", 8, replenishable: false));
        Assert.Equal([null, null, null, null], Answers(cloud));
        Fill(cloud, 7);
        Assert.Equal([null, "no-new-customers-on-scarce-chips", null, null], Answers(cloud));
        Assert.Null(cloud.Receive("h100", 1, replenishable: true));
        Assert.Equal([null, null, null, null], Answers(cloud));
    }

    [Fact]
    public void Whole_platform_first_opens_a_scarce_class_to_customers_who_serve_run_and_use_tokens()
    {
        var cloud = Cloud(out var words);
        cloud.Add(new RuleAdded(Shipped("whole-platform-first", words)));
        Fill(cloud, 5);
        Assert.Equal(["whole-platform-first", "whole-platform-first", null, null], Answers(cloud));
        cloud.State.Use.Note("old", "cpu", UseKind.Serving, cloud.NowMs);
        cloud.State.Use.Note("old", "cpu", UseKind.Tokens, cloud.NowMs);
        Assert.Equal([null, "whole-platform-first", null, null], Answers(cloud));
    }

    private static readonly string[] Units = ["old", "new", "department", "signed"];

    /// <summary>Of an old customer, a new one, a department, and a new customer with a contract.</summary>
    private static IEnumerable<string?> Answers(SupplyCloud cloud) =>
        Units.Select(unit => AdmissionView.Of(cloud.State, cloud.NowMs)!.RefusedBy(unit, "h100")?.Name);

    private static void Fill(SupplyCloud cloud, int devices)
    {
        cloud.Submit("department", devices);
        cloud.Plan();
    }

    private static SupplyCloud Cloud(out PolicyWords words)
    {
        var cloud = new SupplyCloud();
        cloud.Node("n1", "h100", 8);
        cloud.Unit("old", "root", ("customer-since", "2020-01-01"));
        cloud.Unit("new", "root", ("customer-since", "2026-11-01"));
        cloud.Unit("signed", "root", ("customer-since", "2026-11-01"));
        cloud.Unit("department");
        var job = cloud.Submit("old", 1);
        cloud.Plan();
        cloud.Finish(job);
        Assert.Null(cloud.Sign("signed", 1, "2026-12-01", "2028-01-01"));
        cloud.NowMs += SupplyCloud.Hour;
        words = Words;
        return cloud;
    }

    private static AdmissionRule Shipped(string name, PolicyWords words) =>
        Assert.Single(PolicyFile.Read(name, File.ReadAllText(Path.Combine(Root(), "policies", $"{name}.yaml")), words).Value);

    private static AdmissionRule Read(string text)
    {
        var read = PolicyFile.Read("rules.yaml", text, Words);
        Assert.Null(read.Refusal);
        return Assert.Single(read.Value);
    }

    private static string Root()
    {
        var at = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(at!.FullName, "Amalgam.slnx")))
        {
            at = at.Parent;
        }

        return at.FullName;
    }
}
