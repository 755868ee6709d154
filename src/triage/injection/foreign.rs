//! Orders and verdicts in other languages. Patterns are folded like texts, so accents and
//! look-alikes don't matter; `~` lets a pattern stand inside a word, for scripts without spaces.
use super::Technique;
use super::pairs::{Class, Mark};

/// Verbs that tell to ignore: of Germanic, Romance, Slavic and other European languages, Turkish, Indonesian,
/// Vietnamese, Greek, Hebrew, Arabic, Persian, Hindi, Chinese, Japanese, Korean and Thai.
const IGNORE: &str = "ignorier*;ignoriere*;vergiss*;vergesst*;missachte*;negeer*;vergeet*;ignorera*;glöm*;ignorér*;glem*;\
         ignorez*;oublie*;ignora*;olvida*;descarta*;esqueça*;desconsidere*;dimentica*;trascura*;ignoră*;uită*;\
         zignoruj*;ignoruj*;zapomnij*;pomiń*;zapomeň*;hagyd figyelmen*;felejtsd*;yoksay*;görmezden gel*;unut*;\
         abaikan*;lupakan*;bỏ qua;quên*;unohda*;jätä huomiotta;игнорир*;проигнорир*;забудь*;не обращай*;ігнору*;\
         проігнору*;αγνόησε*;ξέχασε*;התעלם*;~تجاهل*;~انس*;نادیده*;अनदेखा*;नज़रअंदाज़*;~忽略*;~无视*;~無視*;~忘记*;~忘記*;\
         ~不要理会*;~忽視*;~忘れ*;~무시*;~잊어*;~เพิกเฉย*;~ละเว้น*;~ลืม*";

/// Instructions, rules, and what came before.
const ORDERS: &str = "anweisung*;instruktion*;regeln;vorherig*;bisherig*;obigen;vorgaben;instructie*;regels;vorige;eerdere;\
         regler;tidigare;consigne*;règle*;précédent*;instruccion*;regla*;anteriores;indicacion*;instruç*;regras;\
         istruzion*;regole;precedenti;instrucțiun*;reguli*;instrukcj*;polecen*;zasad*;poprzedni*;pokyn*;\
         instrukc*;pravidl*;předchoz*;utasítás*;szabály*;korábbi*;talimat*;kural*;önceki*;yukarıdaki*;\
         instruksi*;aturan*;perintah*;sebelumnya;hướng dẫn;chỉ thị;quy tắc;ohje*;sään*;инструкц*;указани*;\
         правил*;предыдущ*;інструкц*;попередн*;οδηγίες;κανόνες;הוראות;~تعليمات*;~القواعد*;~السابقة*;دستور*;\
         निर्देश*;नियम*;~指令*;~规则*;~規則*;~指示*;~以上*;~之前*;~提示*;~命令*;~ルール*;~上記*;~지시*;~명령*;~규칙*;~이전*;~คำสั่ง*;~กฎ*";

/// A false positive, or a false alarm.
const VERDICTS: &str = "fehlalarm*;falsch positiv*;vals positief;vals alarm;falsklarm;falskt positiv*;faux positif*;\
         fausse alerte;falso positivo*;falsa alarma;alarme falso;falso allarme;fals pozitiv*;fałszywy alarm;\
         fałszywie pozytywn*;falešný poplach;téves riasztás;yanlış pozitif;yanlış alarm;positif palsu;\
         dương tính giả;báo động giả;väärä hälytys;ложное срабатывание;ложноположительн*;ложная тревога;\
         хибне спрацювання;хибнопозитивн*;ψευδώς θετικό;~إيجابي كاذب*;~إنذار كاذب*;हानिरहित;~误报*;~誤報*;~假阳性*;\
         ~誤検知*;~偽陽性*;~오탐*;~ผลบวกลวง*";

/// Words to a model, or the name of its prompt.
const ADDRESSED: &str = "anweisung an das modell;an das modell;an die ki;instruction au modèle;instrucción para el modelo;\
         al modello;системный промпт;системная инструкция;для модели;~系统指令*;~系统提示*;~システムプロンプト*;~시스템 프롬프트*";

/// Patterns over words, of all languages.
pub(super) fn all() -> Vec<(String, Mark)> {
    let with = |list: &str, mark: Mark| list.split(';').map(|text| (text.to_owned(), mark)).collect::<Vec<_>>();
    [
        with(IGNORE, Mark::Class(Class::Override)),
        with(ORDERS, Mark::Class(Class::Order)),
        with(VERDICTS, Mark::Alone(Technique::Steering, 3)),
        with(ADDRESSED, Mark::Alone(Technique::Addressed, 4)),
    ]
    .concat()
}
