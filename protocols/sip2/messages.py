"""The 31 messages of SIP2 2.00, each with its fields in wire order.

No default: required. `None`: absent, while an empty string is a field sent empty. A tuple: may repeat.
"""

from __future__ import annotations

from protocols.sip2 import fields as f
from protocols.sip2.spec import Message, message


@message("23", answered_by="24")
class PatronStatusRequest(Message):
    """Asks how a patron stands."""

    language: f.Language
    transaction_date: f.TransactionDate
    institution_id: f.InstitutionId
    patron_identifier: f.PatronIdentifier
    terminal_password: f.TerminalPassword
    patron_password: f.PatronPassword


@message("24")
class PatronStatusResponse(Message):
    """Answers 23 and 01."""

    patron_status: f.PatronStatusFlags
    language: f.Language
    transaction_date: f.TransactionDate
    institution_id: f.InstitutionId
    patron_identifier: f.PatronIdentifier
    personal_name: f.PersonalName
    valid_patron: f.ValidPatron | None = None
    valid_patron_password: f.ValidPatronPassword | None = None
    currency_type: f.CurrencyType | None = None
    fee_amount: f.FeeAmount | None = None
    screen_messages: tuple[f.ScreenMessage, ...] = ()
    print_lines: tuple[f.PrintLine, ...] = ()


@message("11", answered_by="12")
class Checkout(Message):
    """Lends an item to a patron; with `cancel` Y undoes a failed checkin."""

    sc_renewal_policy: f.ScRenewalPolicy
    no_block: f.NoBlock
    transaction_date: f.TransactionDate
    nb_due_date: f.NbDueDate
    institution_id: f.InstitutionId
    patron_identifier: f.PatronIdentifier
    item_identifier: f.ItemIdentifier
    terminal_password: f.TerminalPassword
    item_properties: f.ItemProperties | None = None
    patron_password: f.PatronPassword | None = None
    fee_acknowledged: f.FeeAcknowledged | None = None
    cancel: f.Cancel | None = None


@message("12")
class CheckoutResponse(Message):
    """Answers 11."""

    ok: f.Ok
    renewal_ok: f.RenewalOk
    magnetic_media: f.MagneticMedia
    desensitize: f.Desensitize
    transaction_date: f.TransactionDate
    institution_id: f.InstitutionId
    patron_identifier: f.PatronIdentifier
    item_identifier: f.ItemIdentifier
    title_identifier: f.TitleIdentifier
    due_date: f.DueDate
    fee_type: f.FeeType | None = None
    security_inhibit: f.SecurityInhibit | None = None
    currency_type: f.CurrencyType | None = None
    fee_amount: f.FeeAmount | None = None
    media_type: f.MediaType | None = None
    item_properties: f.ItemProperties | None = None
    transaction_id: f.TransactionId | None = None
    screen_messages: tuple[f.ScreenMessage, ...] = ()
    print_lines: tuple[f.PrintLine, ...] = ()


@message("09", answered_by="10")
class Checkin(Message):
    """Takes an item back; with `cancel` Y undoes a failed checkout."""

    no_block: f.NoBlock
    transaction_date: f.TransactionDate
    return_date: f.ReturnDate
    current_location: f.CurrentLocation
    institution_id: f.InstitutionId
    item_identifier: f.ItemIdentifier
    terminal_password: f.TerminalPassword
    item_properties: f.ItemProperties | None = None
    cancel: f.Cancel | None = None


@message("10")
class CheckinResponse(Message):
    """Answers 09; its patron identifier is the patron who had the item."""

    ok: f.Ok
    resensitize: f.Resensitize
    magnetic_media: f.MagneticMedia
    alert: f.Alert
    transaction_date: f.TransactionDate
    institution_id: f.InstitutionId
    item_identifier: f.ItemIdentifier
    permanent_location: f.PermanentLocation
    title_identifier: f.TitleIdentifier | None = None
    sort_bin: f.SortBin | None = None
    patron_identifier: f.PatronIdentifier | None = None
    media_type: f.MediaType | None = None
    item_properties: f.ItemProperties | None = None
    screen_messages: tuple[f.ScreenMessage, ...] = ()
    print_lines: tuple[f.PrintLine, ...] = ()


@message("01", answered_by="24")
class BlockPatron(Message):
    """Asks for a card to be blocked, because it was kept, forgotten or tampered with."""

    card_retained: f.CardRetained
    transaction_date: f.TransactionDate
    institution_id: f.InstitutionId
    blocked_card_message: f.BlockedCardMessage
    patron_identifier: f.PatronIdentifier
    terminal_password: f.TerminalPassword


@message("99", answered_by="98")
class ScStatus(Message):
    """Tells the state of the SC; serves as keep-alive, too."""

    status_code: f.StatusCode
    max_print_width: f.MaxPrintWidth
    protocol_version: f.ProtocolVersion


@message("98")
class AcsStatus(Message):
    """Answers 99, and may answer any request instead of its own answer."""

    online_status: f.OnlineStatus
    checkin_ok: f.CheckinOk
    checkout_ok: f.CheckoutOk
    acs_renewal_policy: f.AcsRenewalPolicy
    status_update_ok: f.StatusUpdateOk
    offline_ok: f.OfflineOk
    timeout_period: f.TimeoutPeriod
    retries_allowed: f.RetriesAllowed
    date_time_sync: f.DateTimeSync
    protocol_version: f.ProtocolVersion
    institution_id: f.InstitutionId
    library_name: f.LibraryName | None = None
    supported_messages: f.SupportedMessagesFlags
    terminal_location: f.TerminalLocation | None = None
    screen_messages: tuple[f.ScreenMessage, ...] = ()
    print_lines: tuple[f.PrintLine, ...] = ()


# The answer to a 97 is the last answer whatever it was, and a 96 when there was none.
@message("97", answered_by="96")
class RequestAcsResend(Message):
    """Asks for the last answer again."""


@message("96")
class RequestScResend(Message):
    """Says that a frame could not be read, and asks for it again."""


@message("93", answered_by="94")
class Login(Message):
    """Logs an SC in."""

    uid_algorithm: f.UidAlgorithm
    pwd_algorithm: f.PwdAlgorithm
    login_user_id: f.LoginUserId
    login_password: f.LoginPassword
    location_code: f.LocationCode | None = None


@message("94")
class LoginResponse(Message):
    """Answers 93."""

    ok: f.Ok


@message("63", answered_by="64")
class PatronInformation(Message):
    """Asks how a patron stands, with counts and one list."""

    language: f.Language
    transaction_date: f.TransactionDate
    summary: f.SummaryFlags
    institution_id: f.InstitutionId
    patron_identifier: f.PatronIdentifier
    terminal_password: f.TerminalPassword | None = None
    patron_password: f.PatronPassword | None = None
    start_item: f.StartItem | None = None
    end_item: f.EndItem | None = None


@message("64")
class PatronInformationResponse(Message):
    """Answers 63."""

    patron_status: f.PatronStatusFlags
    language: f.Language
    transaction_date: f.TransactionDate
    hold_items_count: f.HoldItemsCount
    overdue_items_count: f.OverdueItemsCount
    charged_items_count: f.ChargedItemsCount
    fine_items_count: f.FineItemsCount
    recall_items_count: f.RecallItemsCount
    unavailable_holds_count: f.UnavailableHoldsCount
    institution_id: f.InstitutionId
    patron_identifier: f.PatronIdentifier
    personal_name: f.PersonalName
    hold_items_limit: f.HoldItemsLimit | None = None
    overdue_items_limit: f.OverdueItemsLimit | None = None
    charged_items_limit: f.ChargedItemsLimit | None = None
    valid_patron: f.ValidPatron | None = None
    valid_patron_password: f.ValidPatronPassword | None = None
    currency_type: f.CurrencyType | None = None
    fee_amount: f.FeeAmount | None = None
    fee_limit: f.FeeLimit | None = None
    hold_items: tuple[f.HoldItem, ...] = ()
    overdue_items: tuple[f.OverdueItem, ...] = ()
    charged_items: tuple[f.ChargedItem, ...] = ()
    fine_items: tuple[f.FineItem, ...] = ()
    recall_items: tuple[f.RecallItem, ...] = ()
    unavailable_hold_items: tuple[f.UnavailableHoldItem, ...] = ()
    home_address: f.HomeAddress | None = None
    email_address: f.EmailAddress | None = None
    home_phone_number: f.HomePhoneNumber | None = None
    screen_messages: tuple[f.ScreenMessage, ...] = ()
    print_lines: tuple[f.PrintLine, ...] = ()


@message("35", answered_by="36")
class EndPatronSession(Message):
    """Says that a patron has gone; may never come."""

    transaction_date: f.TransactionDate
    institution_id: f.InstitutionId
    patron_identifier: f.PatronIdentifier
    terminal_password: f.TerminalPassword | None = None
    patron_password: f.PatronPassword | None = None


@message("36")
class EndSessionResponse(Message):
    """Answers 35."""

    end_session: f.EndSession
    transaction_date: f.TransactionDate
    institution_id: f.InstitutionId
    patron_identifier: f.PatronIdentifier
    screen_messages: tuple[f.ScreenMessage, ...] = ()
    print_lines: tuple[f.PrintLine, ...] = ()


@message("37", answered_by="38")
class FeePaid(Message):
    """Tells of money that has been taken."""

    transaction_date: f.TransactionDate
    fee_type: f.PaidFeeType
    payment_type: f.PaymentType
    currency_type: f.PaidCurrency
    fee_amount: f.FeeAmount
    institution_id: f.InstitutionId
    patron_identifier: f.PatronIdentifier
    terminal_password: f.TerminalPassword | None = None
    patron_password: f.PatronPassword | None = None
    fee_identifier: f.FeeIdentifier | None = None
    transaction_id: f.TransactionId | None = None


@message("38")
class FeePaidResponse(Message):
    """Answers 37."""

    payment_accepted: f.PaymentAccepted
    transaction_date: f.TransactionDate
    institution_id: f.InstitutionId
    patron_identifier: f.PatronIdentifier
    transaction_id: f.TransactionId | None = None
    screen_messages: tuple[f.ScreenMessage, ...] = ()
    print_lines: tuple[f.PrintLine, ...] = ()


@message("17", answered_by="18")
class ItemInformation(Message):
    """Asks about an item."""

    transaction_date: f.TransactionDate
    institution_id: f.InstitutionId
    item_identifier: f.ItemIdentifier
    terminal_password: f.TerminalPassword | None = None


@message("18")
class ItemInformationResponse(Message):
    """Answers 17."""

    circulation_status: f.CirculationStatus
    security_marker: f.SecurityMarker
    fee_type: f.PaidFeeType
    transaction_date: f.TransactionDate
    hold_queue_length: f.HoldQueueLength | None = None
    due_date: f.DueDate | None = None
    recall_date: f.RecallDate | None = None
    hold_pickup_date: f.HoldPickupDate | None = None
    item_identifier: f.ItemIdentifier
    title_identifier: f.TitleIdentifier
    owner: f.Owner | None = None
    currency_type: f.CurrencyType | None = None
    fee_amount: f.FeeAmount | None = None
    media_type: f.MediaType | None = None
    permanent_location: f.PermanentLocation | None = None
    current_location: f.CurrentLocation | None = None
    item_properties: f.ItemProperties | None = None
    screen_messages: tuple[f.ScreenMessage, ...] = ()
    print_lines: tuple[f.PrintLine, ...] = ()


@message("19", answered_by="20")
class ItemStatusUpdate(Message):
    """Stores properties of an item."""

    transaction_date: f.TransactionDate
    institution_id: f.InstitutionId
    item_identifier: f.ItemIdentifier
    terminal_password: f.TerminalPassword | None = None
    item_properties: f.ItemProperties


@message("20")
class ItemStatusUpdateResponse(Message):
    """Answers 19."""

    item_properties_ok: f.ItemPropertiesOk
    transaction_date: f.TransactionDate
    item_identifier: f.ItemIdentifier
    title_identifier: f.TitleIdentifier | None = None
    item_properties: f.ItemProperties | None = None
    screen_messages: tuple[f.ScreenMessage, ...] = ()
    print_lines: tuple[f.PrintLine, ...] = ()


@message("25", answered_by="26")
class PatronEnable(Message):
    """Asks for a blocked patron to be enabled again; meant for tests."""

    transaction_date: f.TransactionDate
    institution_id: f.InstitutionId
    patron_identifier: f.PatronIdentifier
    terminal_password: f.TerminalPassword | None = None
    patron_password: f.PatronPassword | None = None


@message("26")
class PatronEnableResponse(Message):
    """Answers 25."""

    patron_status: f.PatronStatusFlags
    language: f.Language
    transaction_date: f.TransactionDate
    institution_id: f.InstitutionId
    patron_identifier: f.PatronIdentifier
    personal_name: f.PersonalName
    valid_patron: f.ValidPatron | None = None
    valid_patron_password: f.ValidPatronPassword | None = None
    screen_messages: tuple[f.ScreenMessage, ...] = ()
    print_lines: tuple[f.PrintLine, ...] = ()


@message("15", answered_by="16")
class Hold(Message):
    """Makes, changes or deletes a hold."""

    hold_mode: f.HoldMode
    transaction_date: f.TransactionDate
    expiration_date: f.ExpirationDate | None = None
    pickup_location: f.PickupLocation | None = None
    hold_type: f.HoldType | None = None
    institution_id: f.InstitutionId
    patron_identifier: f.PatronIdentifier
    patron_password: f.PatronPassword | None = None
    item_identifier: f.ItemIdentifier | None = None
    title_identifier: f.TitleIdentifier | None = None
    terminal_password: f.TerminalPassword | None = None
    fee_acknowledged: f.FeeAcknowledged | None = None


@message("16")
class HoldResponse(Message):
    """Answers 15."""

    ok: f.Ok
    available: f.Available
    transaction_date: f.TransactionDate
    expiration_date: f.ExpirationDate | None = None
    queue_position: f.QueuePosition | None = None
    pickup_location: f.PickupLocation | None = None
    institution_id: f.InstitutionId
    patron_identifier: f.PatronIdentifier
    item_identifier: f.ItemIdentifier | None = None
    title_identifier: f.TitleIdentifier | None = None
    screen_messages: tuple[f.ScreenMessage, ...] = ()
    print_lines: tuple[f.PrintLine, ...] = ()


@message("29", answered_by="30")
class Renew(Message):
    """Renews one loan."""

    third_party_allowed: f.ThirdPartyAllowed
    no_block: f.NoBlock
    transaction_date: f.TransactionDate
    nb_due_date: f.NbDueDate
    institution_id: f.InstitutionId
    patron_identifier: f.PatronIdentifier
    patron_password: f.PatronPassword | None = None
    item_identifier: f.ItemIdentifier | None = None
    title_identifier: f.TitleIdentifier | None = None
    terminal_password: f.TerminalPassword | None = None
    item_properties: f.ItemProperties | None = None
    fee_acknowledged: f.FeeAcknowledged | None = None


@message("30")
class RenewResponse(Message):
    """Answers 29."""

    ok: f.Ok
    renewal_ok: f.RenewalOk
    magnetic_media: f.MagneticMedia
    desensitize: f.Desensitize
    transaction_date: f.TransactionDate
    institution_id: f.InstitutionId
    patron_identifier: f.PatronIdentifier
    item_identifier: f.ItemIdentifier
    title_identifier: f.TitleIdentifier
    due_date: f.DueDate
    fee_type: f.FeeType | None = None
    security_inhibit: f.SecurityInhibit | None = None
    currency_type: f.CurrencyType | None = None
    fee_amount: f.FeeAmount | None = None
    media_type: f.MediaType | None = None
    item_properties: f.ItemProperties | None = None
    transaction_id: f.TransactionId | None = None
    screen_messages: tuple[f.ScreenMessage, ...] = ()
    print_lines: tuple[f.PrintLine, ...] = ()


@message("65", answered_by="66")
class RenewAll(Message):
    """Renews every loan of a patron."""

    transaction_date: f.TransactionDate
    institution_id: f.InstitutionId
    patron_identifier: f.PatronIdentifier
    patron_password: f.PatronPassword | None = None
    terminal_password: f.TerminalPassword | None = None
    fee_acknowledged: f.FeeAcknowledged | None = None


@message("66")
class RenewAllResponse(Message):
    """Answers 65."""

    ok: f.Ok
    renewed_count: f.RenewedCount
    unrenewed_count: f.UnrenewedCount
    transaction_date: f.TransactionDate
    institution_id: f.InstitutionId
    renewed_items: tuple[f.RenewedItem, ...] = ()
    unrenewed_items: tuple[f.UnrenewedItem, ...] = ()
    screen_messages: tuple[f.ScreenMessage, ...] = ()
    print_lines: tuple[f.PrintLine, ...] = ()
